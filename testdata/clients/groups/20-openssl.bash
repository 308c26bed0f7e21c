# shellcheck shell=bash disable=SC2154 # variables come from lib.bash
# Debian's OpenSSL, and the programs that leave TLS to it.

group_openssl() {
	client_is "openssl-$(openssl version | cut -d' ' -f2)" openssl-3 - "$(openssl version | cut -d' ' -f2)" \
		"$(openssl version | cut -d' ' -f1,2)" "$(package openssl)" || return 0
	measure default "openssl s_client" openssl s_client -connect "$dynamodb:443"
	measure default-min10 "openssl s_client, MinProtocol TLSv1, SECLEVEL 0" "${old_openssl[@]}" openssl s_client -connect "$dynamodb:443"
	local forced option
	for forced in tls10 tls11 tls12 tls13; do
		option=-${forced/tls1/tls1_}
		[[ $forced != tls10 ]] || option=-tls1
		measure "$forced" "openssl s_client $option, SECLEVEL 0" "${old_openssl[@]}" openssl s_client "$option" -connect "$dynamodb:443"
	done
	measure tls12-seclevel2 "openssl s_client -tls1_2" openssl s_client -tls1_2 -connect "$dynamodb:443"
	measure tls13-seclevel2 "openssl s_client -tls1_3" openssl s_client -tls1_3 -connect "$dynamodb:443"
}

group_curl() {
	client_is "curl-$(curl_number)" openssl-3 curl "$(curl_number)" "$(curl_library)" "$(package curl)" || return 0
	measure default "curl" curl -sk "$endpoint"
	measure default-http1 "curl --http1.1" curl -sk --http1.1 "$endpoint"
	measure default-min10 "curl --tlsv1.0, SECLEVEL 0" "${old_openssl[@]}" curl -sk --tlsv1.0 "$endpoint"
	local minor
	for minor in 0 1 2 3; do
		measure "tls1$minor" "curl --tlsv1.$minor --tls-max 1.$minor, SECLEVEL 0" "${old_openssl[@]}" \
			curl -sk "--tlsv1.$minor" --tls-max "1.$minor" "$endpoint"
	done
}

curl_number() { curl --version | awk 'NR == 1 {print $2}'; }
curl_library() { curl --version | awk 'NR == 1 {sub("/", " ", $5); print $5}'; }

group_python() {
	local python=/usr/bin/python3 version library
	version=$("$python" -c 'import platform; print(platform.python_version())')
	library=$("$python" -c 'import ssl; print(" ".join(ssl.OPENSSL_VERSION.split()[:2]))')
	client_is "python-$version" openssl-3 python "$version" "$library" "$(package libpython3.11-stdlib:amd64)" || return 0
	python_rows urllib "urllib.request, create_default_context"
	python_has boto3 && python_rows boto3 "boto3 $("$python" -c 'import boto3; print(boto3.__version__)'), DynamoDB client"
	python_has requests && python_rows requests "requests $("$python" -c 'import requests; print(requests.__version__)')"
	measure_awscli
}

python_has() { "$python" -c "import $1" 2>/dev/null || { echo "left out python's $1: not installed" >&2 && return 1; }; }

# python_rows WITH HOW measures a way to make a request at every version.
python_rows() {
	local suffix=-$1 forced
	measure "default$suffix" "$2" "$python" "$here/peers/https.py" "$1" "$endpoint"
	for forced in tls10 tls11 tls12 tls13; do
		measure "$forced$suffix" "$2, minimum_version and maximum_version, SECLEVEL 0" "${old_openssl[@]}" \
			"$python" "$here/peers/https.py" "$1" "$endpoint" "${label[$forced]}"
	done
}

measure_awscli() {
	local aws=/usr/bin/aws version
	[[ -x $aws ]] || {
		echo "left out aws-cli-2: not installed" >&2
		return 0
	}
	version=$($aws --version | sed 's|aws-cli/\([^ ]*\).*|\1|')
	client_is "aws-cli-$version" openssl-3 aws-cli-2 "$version" "$tls_library" "$(package awscli)" || return 0
	measure default "aws dynamodb list-tables" env AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none \
		"$aws" --no-verify-ssl --region us-west-2 dynamodb list-tables
}

group_ruby() {
	command -v ruby >/dev/null || leave_out "ruby is not installed"
	local version library forced
	version=$(ruby -e 'puts RUBY_VERSION')
	library=$(ruby -ropenssl -e 'puts OpenSSL::OPENSSL_LIBRARY_VERSION.split[0, 2].join(" ")')
	client_is "ruby-$version" openssl-3 ruby "$version" "$library" "$(package ruby3.1)" || return 0
	measure default "Net::HTTP" ruby "$here/peers/https.rb" "$endpoint"
	for forced in tls10 tls11 tls12 tls13; do
		measure "$forced" "Net::HTTP, min_version and max_version, SECLEVEL 0" "${old_openssl[@]}" \
			ruby "$here/peers/https.rb" "$endpoint" "${label[$forced]}"
	done
}

group_php() {
	command -v php >/dev/null || leave_out "php is not installed"
	local version library forced
	version=$(php -r 'echo PHP_VERSION;')
	library=$(php -i | sed -n 's/^OpenSSL Library Version => \(OpenSSL [^ ]*\).*/\1/p')
	client_is "php-$version" openssl-3 php "$version" "$library" "$(package php8.2-cli)" || return 0
	measure default-stream "file_get_contents" php "$here/peers/https.php" stream "$endpoint"
	measure default-curl "curl extension, as the SDK uses it" php "$here/peers/https.php" curl "$endpoint"
	for forced in tls10 tls11 tls12 tls13; do
		measure "$forced-stream" "file_get_contents, crypto_method, SECLEVEL 0" "${old_openssl[@]}" \
			php "$here/peers/https.php" stream "$endpoint" "${label[$forced]}"
		measure "$forced-curl" "curl extension, CURLOPT_SSLVERSION, SECLEVEL 0" "${old_openssl[@]}" \
			php "$here/peers/https.php" curl "$endpoint" "${label[$forced]}"
	done
}

group_perl() {
	perl -MIO::Socket::SSL -e 1 2>/dev/null || leave_out "IO::Socket::SSL is not installed"
	local version library forced
	version=$(perl -e 'printf "%vd", $^V')
	library=$(perl -MNet::SSLeay -e 'print join " ", (split / /, Net::SSLeay::SSLeay_version(0))[0, 1]')
	client_is "perl-$version" openssl-3 perl "$version" "$library" "$(package libnet-ssleay-perl)" || return 0
	measure default "IO::Socket::SSL" perl "$here/peers/https.pl" "$dynamodb"
	for forced in tls10 tls11 tls12 tls13; do
		measure "$forced" "IO::Socket::SSL, SSL_version, SECLEVEL 0" "${old_openssl[@]}" \
			perl "$here/peers/https.pl" "$dynamodb" "${label[$forced]}"
	done
}
