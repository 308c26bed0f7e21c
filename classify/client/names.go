package client

// softwareNames has every software that can be named, by ID.
var softwareNames = map[string]string{
	"nodejs": "Node.js", "aws-cli-1": "AWS CLI 1", "aws-cli-2": "AWS CLI 2",
	"python": "Python", "ruby": "Ruby", "go": "Go", "java": "Java", "php": "PHP", "perl": "Perl",
	"curl": "curl", "wget": "Wget", "git": "Git", "docker": "Docker",
	"mono": "Mono", "dotnet-core": ".NET (Core)",
	"powershell-windows": "Windows PowerShell", "powershell-core": "PowerShell 6 or later",
	"unity": "Unity", "aws-sdk-cpp": "AWS SDK for C++",
	"chrome": "Chrome or Chromium", "edge": "Edge", "internet-explorer": "Internet Explorer",
	"firefox": "Firefox",

	"openssl": "OpenSSL", "openssl-0.9.8": "OpenSSL", "openssl-1.0.0": "OpenSSL", "openssl-1.0.1": "OpenSSL",
	"openssl-1.0.2": "OpenSSL", "openssl-1.1.0": "OpenSSL", "openssl-1.1.1": "OpenSSL", "openssl-3": "OpenSSL",
	"libressl": "LibreSSL", "boringssl": "BoringSSL", "gnutls": "GnuTLS", "nss": "NSS",
	"mbedtls": "Mbed TLS", "wolfssl": "wolfSSL", "rustls": "rustls", "mono-tls": "Mono's own TLS",
	"securetransport": "Secure Transport",
	"java-jsse":       "Java", "java-6": "Java", "java-8": "Java", "java-11": "Java",
	"schannel": "Schannel (Windows)", "schannel-xp": "Schannel (Windows)", "schannel-vista": "Schannel (Windows)",
	"schannel-7":  "Schannel (Windows)",
	"schannel-10": "Schannel (Windows)", "schannel-11": "Schannel (Windows)",
}
