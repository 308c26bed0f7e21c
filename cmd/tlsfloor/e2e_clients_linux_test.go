//go:build e2e

package main

import (
	"os"
	"strings"
)

const (
	codeCommit = "git-codecommit.us-west-2.amazonaws.com"
	rdsName    = "e2e.abcdefghijkl.us-west-2.rds.amazonaws.com"
	sesName    = "email-smtp.us-west-2.amazonaws.com"
)

var tls10to11 = []string{"TLSv1", "TLSv1.1"}

// e2eMoreClients are programs that are no AWS SDKs, of Debian's packages.
var e2eMoreClients = []e2eClient{
	{name: "PHP", versions: tls10to13, program: "php8", software: "php", advice: "php", service: "dynamodb", cure: "STREAM_CRYPTO_METHOD_TLSv1_2_CLIENT", cured: "TLSv1.2",
		command: func(e *e2e, _ string) []string {
			return []string{"php", e.file("php/client.php"), "https://" + awsName}
		}},
	{name: "Perl", versions: tls10to13, program: "perl", software: "perl", advice: "perl", service: "dynamodb", cure: "SSLv23:!SSLv3:!SSLv2:!TLSv1:!TLSv1_1", cured: "TLSv1.3",
		command: func(e *e2e, _ string) []string {
			return []string{"/usr/bin/perl", e.file("perl/client.pl"), "https://" + awsName}
		}},
	{name: "Erlang", versions: tls10to13, program: "beam", software: "erlang", advice: "seldom", service: "dynamodb", cure: "{versions, ['tlsv1.2']}", cured: "TLSv1.2",
		command: func(e *e2e, _ string) []string { return []string{"escript", e.file("erlang/client.erl"), awsName} }},
	{name: "w3m", versions: []string{"TLSv1", "TLSv1.1", "TLSv1.2"}, program: "w3m", software: "openssl-3", advice: "openssl", service: "dynamodb", cure: "MinProtocol = TLSv1.2", cured: "TLSv1.3",
		command: func(e *e2e, _ string) []string {
			return []string{"w3m", "-dump", "-o", "ssl_forbid_method=23", "-o", "ssl_ca_file=" + e.ca, "-o", "ssl_verify_server=1", "https://" + awsName}
		}, env: oldOpenSSL},
	{name: "git", versions: tls10to13, program: "git-remote-http", software: "git", advice: "curl", service: "git-codecommit", host: codeCommit, child: true,
		command: func(e *e2e, _ string) []string {
			return []string{"git", "-c", "http.sslCAInfo=" + e.ca, "ls-remote", "https://" + codeCommit + "/v1/repos/e2e"}
		}, env: heldGnuTLS},
	{name: "psql", versions: tls10to11, program: "psql", software: "openssl-3", advice: "databases", service: "rds", host: rdsName, cure: "ssl_min_protocol_version=TLSv1.2", cured: "TLSv1.3",
		command: func(e *e2e, v string) []string {
			limits := " ssl_min_protocol_version=TLSv1 ssl_max_protocol_version=" + v
			if v == fixed {
				limits = " ssl_min_protocol_version=TLSv1.2"
			}
			return []string{"psql", "-c", "", "host=" + rdsName + " user=e2e sslmode=verify-full sslrootcert=" + e.ca + limits}
		}, env: oldOpenSSL},
	{name: "mariadb", versions: tls10to11, program: "mariadb", software: "openssl-3", advice: "databases", service: "rds", host: rdsName, cure: "--tls-version=TLSv1.2", cured: "TLSv1.2",
		command: func(e *e2e, v string) []string {
			// The server refuses the login.
			return []string{"sh", "-c", `"$@" 2>&1 | grep "the stand-in for RDS"`, "sh", "mariadb", "-h", rdsName, "--ssl-ca=" + e.ca, "--ssl-verify-server-cert", "--tls-version=" + strings.Replace(v, fixed, "TLSv1.2", 1)}
		}, env: oldOpenSSL, child: true},
	{name: "MariaDB Connector/J", versions: tls10to11, program: "java", software: "java", advice: "java", cureIn: "databases", service: "rds", host: rdsName, cure: "enabledSslProtocolSuites in the connection's URL, and remove it or let it name TLSv1.2 and TLSv1.3", cured: "TLSv1.2",
		command: func(e *e2e, _ string) []string {
			return []string{"java", "-Djava.security.properties=" + e.made("java.security"), "-cp", e.made(".") + ":/usr/share/java/mariadb-java-client.jar", "Database", rdsName}
		}},
}

// heldGnuTLS limits GnuTLS to one version.
func heldGnuTLS(e *e2e, version string) []string {
	var lines []string
	for _, v := range tls10to13 {
		if v != "" && v != version && version != "" {
			lines = append(lines, "disabled-version = tls"+(strings.TrimPrefix(v, "TLSv") + ".0")[:3])
		}
	}
	name := e.made("gnutls-" + version)
	must(e.t, os.WriteFile(name, []byte("[overrides]\n"+strings.Join(lines, "\n")+"\n"), 0o644))
	return []string{"GNUTLS_SYSTEM_PRIORITY_FILE=" + name}
}
