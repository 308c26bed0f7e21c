package client_test

import (
	"slices"
	"strings"
	"testing"

	"tlsfloor/classify"
	"tlsfloor/classify/client"
)

func TestProcess(t *testing.T) {
	openssl := func(id, version string) *classify.Software {
		return &classify.Software{ID: id, Name: "OpenSSL", Version: version, Library: "OpenSSL " + version, Confidence: classify.Medium, Because: []string{"hello.extensions"}}
	}
	tests := []struct {
		name    string
		process classify.Process
		hello   *classify.Software
		want    string // id, version, library, confidence, evidence
	}{
		{"nvm", classify.Process{Executable: "/home/a/.nvm/versions/node/v10.24.1/bin/node"}, nil, "nodejs|10.24.1||high|process.executable"},
		{"a release tarball", classify.Process{Executable: "/opt/node-v18.20.0-linux-x64/bin/node"}, nil, "nodejs|18.20.0||high|process.executable"},
		{"a replaced file", classify.Process{Executable: "/usr/bin/node (deleted)"}, nil, "nodejs|||high|process.executable"},
		{"a date is no version", classify.Process{Executable: "/srv/20240101/bin/node"}, nil, "nodejs|||high|process.executable"},
		{"an application's folder is no version", classify.Process{Executable: "/srv/app-1.2.3/bin/node"}, nil, "nodejs|||high|process.executable"},
		{"the hello narrows it", classify.Process{Executable: "/usr/bin/node"},
			&classify.Software{ID: "nodejs", Version: "4 to 9", Library: "OpenSSL 1.0.2", Because: []string{"hello.ciphers"}},
			"nodejs|4 to 9|OpenSSL 1.0.2|high|process.executable hello.ciphers"},
		{"Debian's Node.js and its hello", classify.Process{Executable: "/usr/bin/node", Libraries: []string{"/l/libssl.so.3"}},
			&classify.Software{ID: "nodejs", Version: "17 to 22", Library: "OpenSSL 3.0 to 3.4", Because: []string{"ja3"}},
			"nodejs|17 to 22|OpenSSL 3|high|process.executable process.library ja3"},
		{"python", classify.Process{Executable: "/usr/bin/python3.11", Libraries: []string{"/usr/lib/x86_64-linux-gnu/libssl.so.3"}}, openssl("openssl", "1.1.1 to 3.4"),
			"python|3.11|OpenSSL 3|high|process.executable process.library hello.extensions"},
		{"pyenv", classify.Process{Executable: "/root/.pyenv/versions/3.9.1/bin/python3.9"}, nil, "python|3.9.1||high|process.executable"},
		{"ruby", classify.Process{Executable: "/usr/bin/ruby2.7"}, nil, "ruby|2.7||high|process.executable"},
		{"Debian's Java", classify.Process{Executable: "/usr/lib/jvm/java-17-openjdk-amd64/bin/java"}, nil, "java|17||high|process.executable"},
		{"Oracle's Java 8", classify.Process{Executable: "/opt/jdk1.8.0_292/jre/bin/java"}, nil, "java|8u292||high|process.executable"},
		{"Red Hat's Java 8", classify.Process{Executable: "/usr/lib/jvm/java-1.8.0-openjdk/jre/bin/java"}, nil, "java|8||high|process.executable"},
		{"Java by its hello", classify.Process{Executable: "/usr/bin/java"}, &classify.Software{ID: "java-jsse", Version: "7 to 8", Library: "JSSE of Java 7 to 8"},
			"java|7 to 8|JSSE of Java 7 to 8|high|process.executable"},
		{"php-fpm", classify.Process{Executable: "/usr/sbin/php-fpm8.2"}, nil, "php|8.2||high|process.executable"},
		{"git", classify.Process{Executable: "/usr/lib/git-core/git-remote-https"}, nil, "git|||high|process.executable"},
		{"Erlang of Debian", classify.Process{Executable: "/usr/lib/erlang/erts-13.1.5/bin/beam.smp"},
			&classify.Software{ID: "erlang", Version: "23 or later", Library: "ssl of Erlang/OTP", Because: []string{"ja3"}},
			"erlang|23 or later|ssl of Erlang/OTP|high|process.executable ja3"},
		{"a name that only begins so", classify.Process{Executable: "/usr/bin/nodemon"}, nil, ""},
		{"AWS CLI 1 by pip", classify.Process{Executable: "/usr/bin/python3.11", CommandLine: []string{"/usr/bin/python3", "/usr/local/bin/aws", "s3", "ls"}}, nil,
			"aws-cli-1|||medium|process.executable process.command_line"},
		{"AWS CLI 2 of Debian 12", classify.Process{Executable: "/usr/bin/python3.11", CommandLine: []string{"/usr/bin/python3", "/usr/bin/aws", "s3", "ls"}}, nil,
			"aws-cli-2|||medium|process.executable process.command_line"},
		{"AWS CLI 1 of Ubuntu 22.04", classify.Process{Executable: "/usr/bin/python3.10", CommandLine: []string{"/usr/bin/python3", "/usr/bin/aws"}}, nil,
			"aws-cli-1|||medium|process.executable process.command_line"},
		{"AWS CLI of Debian 11 or Amazon Linux 2023", classify.Process{Executable: "/usr/bin/python3.9", CommandLine: []string{"/usr/bin/python3", "/usr/bin/aws"}}, nil,
			"aws-cli-1|||low|process.executable process.command_line"},
		{"AWS CLI as a module", classify.Process{Executable: "/usr/bin/python3.11", CommandLine: []string{"python3", "-W", "ignore", "-Im", "awscli", "s3", "ls"}}, nil,
			"aws-cli-1|||medium|process.executable process.command_line"},
		{"a program that ends like the AWS CLI", classify.Process{Executable: "/usr/bin/python3.11", CommandLine: []string{"python3", "-c", "open('/usr/bin/aws')#/aws"}}, nil,
			"python|3.11||high|process.executable"},
		{"an option that ends like -m", classify.Process{Executable: "/usr/bin/python3.11", CommandLine: []string{"python3", "-Xm", "/srv/x.py", "-m", "awscli"}}, nil,
			"python|3.11||high|process.executable"},
		{"AWS CLI 2", classify.Process{Executable: "/usr/local/aws-cli/v2/2.15.0/dist/aws", CommandLine: []string{"aws", "s3"}}, nil, "aws-cli-2|2.15.0||high|process.executable"},
		{"mono", classify.Process{Executable: "/usr/bin/mono-sgen", CommandLine: []string{"mono", "--debug", "/opt/app.exe"}}, nil,
			"mono|||high|process.executable process.command_line"},
		{"PowerShell 7", classify.Process{Executable: "/opt/microsoft/powershell/7/pwsh"}, nil, "powershell-core|7||high|process.executable"},
		{"PowerShell as a tool of .NET", classify.Process{Executable: "/usr/bin/dotnet", CommandLine: []string{"dotnet", "/t/pwsh.dll"}}, nil,
			"powershell-core|||medium|process.executable process.command_line"},
		{".NET in one file", classify.Process{Executable: "/opt/app", Libraries: []string{"/t/libSystem.Security.Cryptography.Native.OpenSsl.so"}}, nil, "dotnet-core|||high|process.library"},
		{"AWS SDK for C++", classify.Process{Executable: "/opt/app", Libraries: []string{"/l/libaws-cpp-sdk-core.so", "/l/libssl.so.1.1"}}, nil,
			"aws-sdk-cpp||OpenSSL 1.1.0 to 1.1.1|high|process.library"},
		{"Go", classify.Process{Executable: "/opt/app", GoVersion: "go1.22.3"}, nil, "go|1.22.3|crypto/tls of Go 1.22.3|high|process.build"},
		{"Go with an SDK", classify.Process{Executable: "/opt/app", GoVersion: "go1.22.3", GoModules: []string{"github.com/aws/aws-sdk-go-v2@v1.30.0"}}, nil,
			"go|1.30.0|crypto/tls of Go 1.22.3|high|process.build"},
		{"Docker", classify.Process{Executable: "/usr/bin/dockerd", GoVersion: "go1.21.5"}, nil, "docker||crypto/tls of Go 1.21.5|high|process.executable process.build"},
		{"a masked executable", classify.Process{CommandLine: []string{"/usr/bin/curl", "https://x"}}, nil, "curl|||medium|process.argv0"},
		{"a program that calls itself node", classify.Process{CommandLine: []string{"node", "/srv/app.js"}}, nil, "nodejs|||medium|process.argv0"},
		{"one that says so of a hello like Node.js's", classify.Process{CommandLine: []string{"/usr/bin/node"}}, &classify.Software{ID: "nodejs", Version: "4 to 9", Because: []string{"ja3"}},
			"nodejs|4 to 9||medium|process.argv0 ja3"},
		{"a script that calls itself the AWS CLI", classify.Process{Executable: "/usr/bin/python3.11", CommandLine: []string{"python3", "/tmp/aws-cli/v2/2.15.0/aws"}}, nil,
			"aws-cli-2|2.15.0||medium|process.executable process.command_line"},
		{"a program of Go in a file called node", classify.Process{Executable: "/tmp/node", GoVersion: "go1.22.3"}, nil, "go|1.22.3|crypto/tls of Go 1.22.3|high|process.build"},
		{"a browser for which something else speaks", classify.Process{Executable: "/opt/google/chrome/chrome"},
			&classify.Software{ID: "tls-inspection", Library: "OpenSSL", Because: []string{"hello.ciphers"}}, "chrome||OpenSSL|medium|process.executable"},
		{"Python that asks for a browser's ciphers", classify.Process{Executable: "/usr/bin/python3.11", Libraries: []string{"/l/libssl.so.3"}},
			&classify.Software{ID: "tls-inspection", Library: "OpenSSL", Because: []string{"hello.ciphers"}}, "python|3.11|OpenSSL 3|high|process.executable process.library hello.ciphers"},
		{"an unknown program that asks OpenSSL for them", classify.Process{Executable: "/opt/app", Libraries: []string{"/l/libssl.so.3"}},
			&classify.Software{ID: "tls-inspection", Library: "OpenSSL", Because: []string{"hello.ciphers"}}, "openssl-3|3|OpenSSL 3|medium|process.library"},
		{"a hello that does not fit", classify.Process{Executable: "/tmp/java"}, &classify.Software{ID: "gnutls", Library: "GnuTLS 3.6 to 3.8", Because: []string{"hello.groups"}},
			"java||GnuTLS 3.6 to 3.8|medium|process.executable"},
		{"another program's hello", classify.Process{Executable: "/usr/bin/curl"}, &classify.Software{ID: "nodejs", Version: "4 to 9", Library: "OpenSSL 1.0.2", Because: []string{"ja3"}},
			"curl||OpenSSL 1.0.2|medium|process.executable"},
		{"Python with a library of its own", classify.Process{Executable: "/usr/bin/python3.6", Libraries: []string{"/w/psycopg2.libs/libssl-81ffa89e.so.1.1"}}, openssl("openssl", "1.1.1 to 3"),
			"python|3.6|OpenSSL 1.1.0 to 1.1.1|high|process.executable process.library hello.extensions"},
		{"Python that used another library than it shows", classify.Process{Executable: "/usr/bin/python3.6", Libraries: []string{"/l/libssl.so.3"}}, openssl("openssl-1.0.1", "1.0.1"),
			"python|3.6|OpenSSL 1.0.1|high|process.executable hello.extensions"},
		{"a library alone", classify.Process{Executable: "/opt/app", Libraries: []string{"/l/libssl.so.1.0.2k"}}, nil, "openssl-1.0.2|1.0.2|OpenSSL 1.0.2|medium|process.library"},
		{"a library and its hello", classify.Process{Executable: "/opt/app", Libraries: []string{"/l/libssl.so.3"}}, openssl("openssl", "1.1.1 to 3.4"),
			"openssl-3|3|OpenSSL 3|high|process.library hello.extensions"},
		{"a soname and a narrower hello", classify.Process{Executable: "/opt/app", Libraries: []string{"/l/libssl.so.10"}}, openssl("openssl-1.0.1", "1.0.1"),
			"openssl-1.0.1|1.0.1|OpenSSL 1.0.1|high|process.library hello.extensions"},
		{"a library that was not used", classify.Process{Executable: "/opt/app", Libraries: []string{"/l/libssl.so.3"}}, openssl("openssl-1.0.1", "1.0.1"),
			"openssl-1.0.1|1.0.1|OpenSSL 1.0.1|medium|hello.extensions"},
		{"two libraries", classify.Process{Executable: "/opt/app", Libraries: []string{"/l/libssl.so.3", "/l/libgnutls.so.30"}}, nil, ""},
		{"two libraries, and the hello of one", classify.Process{Executable: "/usr/lib/postgresql/15/bin/psql", Libraries: []string{"/l/libssl.so.3", "/l/libgnutls.so.30"}},
			openssl("openssl", "1.1.1 to 3.4"), "openssl-3|3|OpenSSL 3|high|process.library hello.extensions"},
		{"two versions of one library", classify.Process{Executable: "/opt/app", Libraries: []string{"/l/libssl.so.3", "/l/libssl.so.1.1"}},
			openssl("openssl", "1.1.1 to 3.4"), "openssl|1.1.1 to 3.4|OpenSSL 1.1.1 to 3.4|medium|hello.extensions"},
		{"two libraries, and the hello of none", classify.Process{Executable: "/opt/app", Libraries: []string{"/l/libssl.so.3", "/l/libgnutls.so.30"}},
			openssl("openssl-1.0.1", "1.0.1"), "openssl-1.0.1|1.0.1|OpenSSL 1.0.1|medium|hello.extensions"},
		{"LibreSSL", classify.Process{Executable: "/opt/app", Libraries: []string{"/l/libssl.so.52.0.2"}}, nil, "libressl||LibreSSL|medium|process.library"},
		{"nothing known", classify.Process{Executable: "/opt/app", CommandLine: []string{"app"}}, nil, ""},
		{"nothing at all", classify.Process{}, nil, ""},
	}
	for _, test := range tests {
		if got := text(client.Process(&test.process, test.hello)); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
	if hello := openssl("openssl-3", "3"); client.Process(nil, hello) != hello || client.Process(&classify.Process{Executable: "/opt/app"}, hello) != hello {
		t.Error("without a process, the hello's answer stands")
	}
}

func text(s *classify.Software) string {
	if s == nil {
		return ""
	}
	return strings.Join([]string{s.ID, s.Version, s.Library, s.Confidence.String(), strings.Join(s.Because, " ")}, "|")
}

func TestProcessLeavesHelloAlone(t *testing.T) {
	hello := &classify.Software{ID: "openssl-3", Library: "OpenSSL 3", Because: make([]string, 1, 8)}
	client.Process(&classify.Process{Executable: "/usr/bin/curl", Libraries: []string{"libssl.so.3"}}, hello)
	client.Process(&classify.Process{Libraries: []string{"libssl.so.3"}}, hello)
	if hello.Confidence != 0 || len(hello.Because) != 1 || hello.Because[:2][1] != "" {
		t.Errorf("changed to %+v", *hello)
	}
}

// FuzzProcess calls Process with any names.
func FuzzProcess(f *testing.F) {
	f.Add("/opt/jdk1.8.0_292/bin/java", "java", "-jar", "libssl.so.1.1", "", "")
	f.Add("/usr/bin/python3.11", "python3", "/usr/local/aws-cli/v2/2.1/aws", "", "", "")
	f.Add("//", "", "", "libssl.so.", "go1.22", "github.com/aws/aws-sdk-go@v1.44.0")
	f.Add("1.0._u", "v", "/v2/1.", "libssl.so.35", "go", "@")
	ids := client.IDs()
	f.Fuzz(func(t *testing.T, executable, zero, one, library, goVersion, module string) {
		p := &classify.Process{Executable: executable, CommandLine: []string{zero, one}, Libraries: []string{library}, GoVersion: goVersion, GoModules: []string{module}}
		for _, hello := range []*classify.Software{nil, {ID: "openssl", Version: "1.1.1 to 3.4", Because: []string{"ja3"}}} {
			s := client.Process(p, hello)
			if s != nil && s != hello && (!slices.Contains(ids, s.ID) || s.Name == "" || s.Confidence.String() == "" || len(s.Because) == 0) {
				t.Errorf("an incomplete answer: %+v", *s)
			}
		}
	})
}

// Confidence is not high when the kernel has no file, build or library of the process.
func TestOwnWordIsNeverHigh(t *testing.T) {
	for _, word := range []string{"node", "/usr/bin/node", "/opt/node-v18.20.0-linux-x64/bin/node", "java", "aws", "/usr/local/aws-cli/v2/2.15.0/dist/aws", "curl", "dockerd", "mono", "pwsh", "php-fpm8.2"} {
		for _, hello := range []*classify.Software{nil, {ID: "nodejs", Confidence: classify.Medium, Because: []string{"ja3"}}, {ID: "openssl-3", Confidence: classify.Medium, Because: []string{"ja4"}}} {
			for _, rest := range [][]string{nil, {"/usr/bin/aws"}, {"-m", "awscli"}, {"pwsh.dll"}} {
				s := client.Process(&classify.Process{CommandLine: append([]string{word}, rest...)}, hello)
				if s == nil || s.Confidence == classify.High {
					t.Errorf("%s %q: %s", word, rest, text(s))
				}
			}
		}
	}
	s := client.Process(&classify.Process{Executable: "/usr/bin/python3.11", CommandLine: []string{"python3", "/usr/local/bin/aws"}}, nil)
	if s.Confidence == classify.High {
		t.Errorf("a script's name: %s", text(s))
	}
}
