# One call of the AWS SDK for Ruby.
require 'aws-sdk-s3'

# Holds every context to one version, as old applications do.
module Held
  VERSIONS = {
    'TLSv1' => OpenSSL::SSL::TLS1_VERSION, 'TLSv1.1' => OpenSSL::SSL::TLS1_1_VERSION,
    'TLSv1.2' => OpenSSL::SSL::TLS1_2_VERSION, 'TLSv1.3' => OpenSSL::SSL::TLS1_3_VERSION
  }.freeze

  def set_params(params = {})
    super
    version = VERSIONS[ENV.fetch('E2E_TLS', '')]
    return params unless version

    self.min_version = version
    self.max_version = version
    self.ciphers = 'DEFAULT@SECLEVEL=0'
    params
  end
end
OpenSSL::SSL::SSLContext.prepend(Held)

client = Aws::S3::Client.new(
  region: 'us-west-2', access_key_id: 'e2e', secret_access_key: 'e2e', retry_limit: 0, ssl_ca_bundle: ENV.fetch('E2E_CA')
)
puts client.list_buckets.buckets.length
