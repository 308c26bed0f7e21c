# One HTTPS request by Ruby's own library, which the AWS SDK uses.
#
#   ruby https.rb URL [VERSION]
require 'net/http'

url, version = ARGV
target = URI(url)
http = Net::HTTP.new(target.host, 443)
http.use_ssl = true
http.verify_mode = OpenSSL::SSL::VERIFY_NONE
if version
  held = { 'TLSv1' => :TLS1, 'TLSv1.1' => :TLS1_1, 'TLSv1.2' => :TLS1_2, 'TLSv1.3' => :TLS1_3 }[version]
  http.min_version = http.max_version = held
end
puts http.post('/', '{}').code
