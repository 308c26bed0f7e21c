package config

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/emit/transport/file"
	"tlsfloor/cmd/internal/emit/transport/post"
	"tlsfloor/cmd/internal/emit/transport/sigv4"
	"tlsfloor/cmd/internal/emit/transport/syslog"
	"tlsfloor/cmd/internal/journal"
)

var defaults = Defaults{Format: "ecs", Emit: SelectScoped, Spool: "/var/spool/tlsfloor", SpoolSize: 10e6}

const bulk = "/_bulk?" + post.BulkParameters

func TestParse(t *testing.T) {
	const local0 = 16
	splunk := post.Splunk{Token: transport.Secret{File: "/t"}, Source: "tlsfloor", SourceType: "tlsfloor"}
	for spec, want := range map[string]Config{
		"-":                          {kind: stdout},
		"stdout":                     {kind: stdout},
		"-?format=native&emit=all":   {kind: stdout, Defaults: Defaults{"native", SelectAll, defaults.Spool, 10e6}},
		"file:/var/log/t.jsonl":      {kind: toFile, path: "/var/log/t.jsonl", file: file.Options{Path: "/var/log/t.jsonl"}},
		"file:t":                     {kind: toFile, path: "t", file: file.Options{Path: "t"}},
		"file:a%3Fb%25c":             {kind: toFile, path: "a?b%c", file: file.Options{Path: "a?b%c"}},
		"file:t?rotate=100MB&keep=1": {kind: toFile, path: "t", file: file.Options{Path: "t", Size: 100e6, Keep: 1}},
		"file:t?rotate=1GiB&every=24h&keep=14&mode=0644": {kind: toFile, path: "t",
			file: file.Options{Path: "t", Size: 1 << 30, Every: 24 * time.Hour, Keep: 14, Mode: 0o644}},
		"file:t?every=7d": {kind: toFile, path: "t", file: file.Options{Path: "t", Every: 7 * 24 * time.Hour}},
		"journal:/var/lib/t?size=2MB&age=30d&sync=200ms&mode=0600&emit=all": {kind: toJournal, path: "/var/lib/t", file: file.Options{Mode: 0o600},
			journal: journal.Options{Folder: "/var/lib/t", Size: 2e6, Age: 30 * 24 * time.Hour, SyncEvery: 200 * time.Millisecond}, Defaults: Defaults{"native", SelectAll, "", 10e6}},
		"unix:/run/x.sock?spool=/s&spool-size=5MB": {kind: socket, path: "/run/x.sock", file: file.Options{Path: "/run/x.sock"},
			Defaults: Defaults{"ecs", SelectScoped, "/s", 5e6}},
		"syslog+udp://host":              {kind: syslogUDP, address: "host:514", facility: local0},
		"syslog+tcp://host:10514/":       {kind: syslogTCP, address: "host:10514", facility: local0},
		"syslog+tcp://[2001:db8::1]":     {kind: syslogTCP, address: "[2001:db8::1]:514", facility: local0},
		"syslog+tcp://h?framing=newline": {kind: syslogTCP, address: "h:514", facility: local0},
		"syslog+tls://h?framing=octet":   {kind: syslogTLS, address: "h:6514", facility: local0, framing: syslog.Octets},
		"syslog+tls://host:1?ca=/a+b.pem&server-name=n&facility=daemon": {kind: syslogTLS, address: "host:1", facility: 3,
			tls: transport.TLS{CA: "/a+b.pem", ServerName: "n"}},
		"syslog+tls://host?cert=/c&key=/k": {kind: syslogTLS, address: "host:6514", facility: local0, tls: transport.TLS{Cert: "/c", Key: "/k"}},
		"splunk+https://host?token-file=/t": {kind: splunkHTTPS, address: "host:8088",
			url: "https://host:8088/services/collector/event", splunk: splunk},
		"splunk+http://127.0.0.1?token-file=/t": {kind: splunkHTTP, address: "127.0.0.1:8088",
			url: "http://127.0.0.1:8088/services/collector/event", splunk: splunk},
		"splunk+https://host:1/a/event/?token-env=T&index=i&source=s&sourcetype=st": {kind: splunkHTTPS, address: "host:1",
			url: "https://host:1/a/event", splunk: post.Splunk{Token: transport.Secret{Variable: "T"}, Index: "i", Source: "s", SourceType: "st"}},
		"elasticsearch+https://host/tls": {kind: elasticHTTPS, address: "host:9200", index: "tls",
			url: "https://host:9200" + bulk, elastic: post.Elastic{Index: "tls"}},
		"elasticsearch+http://localhost/tls?user=me&password-env=P": {kind: elasticHTTP, address: "localhost:9200", index: "tls",
			url: "http://localhost:9200" + bulk, elastic: post.Elastic{User: "me", Password: transport.Secret{Variable: "P"}, Index: "tls"}},
		"elasticsearch+https://host:1/a/%3Cls-%7Bnow%7D%3E/?api-key-file=/k&pipeline=p%26q": {kind: elasticHTTPS, address: "host:1", index: "%3Cls-%7Bnow%7D%3E",
			url: "https://host:1/a" + bulk + "&pipeline=p%26q", elastic: post.Elastic{Key: transport.Secret{File: "/k"}, Index: "<ls-{now}>"}},
		"elasticsearch+https://host/a/%3Cls%3E?pipeline=p&index-in=path": {kind: elasticHTTPS, address: "host:9200", index: "%3Cls%3E",
			url: "https://host:9200/a/%3Cls%3E" + bulk + "&pipeline=p"},
		"elasticsearch+https://host/i?index-in=action&query=_msg_field%3Dmessage%26x%3Da%2520b": {kind: elasticHTTPS, address: "host:9200", index: "i",
			url: "https://host:9200" + bulk + "&_msg_field=message&x=a+b", elastic: post.Elastic{Index: "i"}},
		"elasticsearch+https://host/i?sigv4=eu-central-1": {kind: elasticHTTPS, address: "host:9200", index: "i", url: "https://host:9200" + bulk,
			elastic: post.Elastic{Index: "i"}, signed: sigv4.Options{Region: "eu-central-1", Service: "es"}},
		"elasticsearch+https://host:443/i?sigv4=us-east-1/aoss": {kind: elasticHTTPS, address: "host:443", index: "i", url: "https://host:443" + bulk,
			elastic: post.Elastic{Index: "i"}, signed: sigv4.Options{Region: "us-east-1", Service: "aoss"}},
	} {
		if want.Defaults == (Defaults{}) {
			want.Defaults = defaults
		}
		if got, err := Parse(spec, defaults); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v\n%+v\n%+v", spec, err, got, want)
		}
	}
}

func TestParseWithoutDefaults(t *testing.T) {
	want := Config{kind: stdout, Defaults: Defaults{Format: "native", SpoolSize: defaultSpoolSize}}
	if got, err := Parse("-", Defaults{}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestParseRefuses(t *testing.T) {
	for spec, want := range map[string]string{
		"":                                   "no such kind",
		"/var/log/t.jsonl":                   "file:PATH",
		"out.jsonl":                          "file:PATH",
		"tcp://host":                         "no such kind",
		"kafka:topic":                        "no such kind",
		"syslog://host":                      "syslog+tls://",
		"splunk://host":                      "splunk+https://",
		"elasticsearch://host":               "elasticsearch+https://",
		"stdout:x":                           "nothing but options",
		"-x":                                 "no such kind",
		"file:":                              "needs a path",
		"file:%zz":                           "needs a path",
		"file://host/x":                      "needs its path right behind the colon",
		"file:a\nb":                          "needs a path",
		"syslog+udp:host":                    "//HOST",
		"syslog+udp://":                      "HOST",
		"syslog+udp://:514":                  "HOST",
		"syslog+udp://h:0":                   "HOST",
		"syslog+udp://h:99999":               "HOST",
		"syslog+udp://h h":                   "HOST",
		"syslog+tcp://h/path":                "takes no path",
		"syslog+tcp://h?framing=octets":      "newline or octet",
		"syslog+udp://h?framing=octet":       "no option framing",
		"splunk+https://h":                   "needs a token",
		"splunk+http://h":                    "use https",
		"elasticsearch+https:/":              "//HOST",
		"elasticsearch+https://h":            "INDEX",
		"elasticsearch+https://h/_bulk":      "INDEX",
		"elasticsearch+http://h/i":           "use https",
		"elasticsearch+https://h/i#x":        "the path",
		"elasticsearch+https://h/%zz":        "no URL may have",
		"elasticsearch+https://h/i?sigv4=US": "REGION",
		"elasticsearch+https://h/i?sigv4=a/": "REGION",
		"elasticsearch+https://h/i?sigv4=a&api-key-env=K":               "without an API key",
		"splunk+https://h?token-env=T&sigv4=a":                          "no such option",
		"elasticsearch+https://h/i?index-in=x":                          "action or path",
		"elasticsearch+https://h/i?query=a%3Db%3Bc%3Dd":                 "%26",
		"elasticsearch+https://h/i?query=x%26token%3Dhi":                "a secret on a command line",
		"elasticsearch+https://h/i?user=me":                             "password-file",
		"elasticsearch+https://h/i?password-env=P":                      "user goes with",
		"elasticsearch+https://h/i?user=m&password-env=P&api-key-env=K": "do not go together",
		"-?":                                   "no value",
		"-?format":                             "no value",
		"-?format=":                            "empty",
		"-?format=xml":                         "no such format",
		"elasticsearch+https://h/i?format=csv": "elasticsearch+https: takes JSON documents only, and no csv: give it format=ecs, or format=native",
		"-?emit=none":                          "no such selection",
		"-?format=ecs&format=ecs":              "twice",
		"-?color=red":                          "no option color",
		"-?rotate=1MB":                         "no option rotate",
		"unix:/x?spool-size=1":                 "at least",
		"-?spool=/s":                           "no option spool",
		"file:t?rotate=1":                      "at least",
		"file:t?rotate=10XB":                   "size",
		"file:t?rotate=99999999TB":             "size",
		"file:t?every=1s":                      "from 1m",
		"file:t?every=never":                   "from 1m",
		"file:t?rotate=1MB&keep=0":             "at least 1",
		"journal:":                             "needs a path",
		"journal:t?format=ecs":                 "journal: no option format: there are emit, size, age, sync, mode",
		"journal:t?size=1":                     "at least",
		"journal:t?age=1s":                     "from 1m",
		"journal:t?sync=2h":                    "to 1h",
		"file:t?keep=5":                        "needs rotate",
		"file:t?mode=0999":                     "octal",
		"file:t?mode=0111":                     "octal",
		"unix:t?spool=a%0ab":                   "not printable",
		"syslog+udp://h?facility=x":            "facility",
		"syslog+tls://h?cert=c":                "go together",
		"syslog+tcp://h?ca=c":                  "no option ca",
		"syslog+tls://h?insecure=1":            "no option insecure",
		"splunk+https://h?token-file=/t&token-env=T": "not in both",
		"file:" + strings.Repeat("x", maxSpec):       "longer than",
	} {
		if c, err := Parse(spec, defaults); err == nil || !strings.Contains(err.Error(), want) || !reflect.DeepEqual(c, Config{}) {
			t.Errorf("%.80q: %v, want %s", spec, err, want)
		}
	}
}

// secretSpecs have the secret hunter2 in wrong places.
var secretSpecs = []string{
	"splunk+https://h?token=hunter2",
	"splunk+https://h?Token=hunter2",
	"splunk+https://h?hec-token=hunter2",
	"splunk+https://hunter2@h",
	"splunk+https://Splunk:hunter2@h:8088/",
	"splunk+https://h?hunter2",
	"splunk+https://h?hunter2=token",
	"splunk+https://h?token-env=hunter2-",
	"elasticsearch+https://elastic:hunter2@h/i",
	"elasticsearch+https://elastic:hunter2@h:9200/i?ca=x",
	"elasticsearch+https://h/i?user=elastic&password=hunter2",
	"elasticsearch+https://h/i?api-key=hunter2",
	"elasticsearch+https://h/i?apikey=hunter2",
	"elasticsearch+https://h/i?authorization=hunter2",
	"https://elastic:hunter2@h",
	"hunter2",
}

func TestSecretsAreRefusedAndNotRepeated(t *testing.T) {
	for _, spec := range secretSpecs {
		if _, err := Parse(spec, defaults); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", spec, err)
		}
	}
}

func TestNames(t *testing.T) {
	for spec, want := range map[string]string{
		"-":                             "stdout",
		"file:/a/b?rotate=1MB":          "file:/a/b",
		"unix:/s":                       "unix:/s",
		"syslog+udp://h":                "syslog+udp://h:514",
		"splunk+https://h?token-file=f": "splunk+https://h:8088",
		"elasticsearch+https://h/x/i":   "elasticsearch+https://h:9200/i",
	} {
		if c, err := Parse(spec, Defaults{}); err != nil || c.Name() != want {
			t.Errorf("%s: %s, %v", spec, c.Name(), err)
		}
	}
}

// An output has the same name for a file in every run, and no other output has it.
func TestFileNames(t *testing.T) {
	seen := map[string]string{}
	for _, spec := range []string{"-", "file:/a/b", "file:/a_b", "unix:/a/b", "syslog+udp://h", "syslog+tcp://h", "syslog+tcp://h?format=native"} {
		c, err := Parse(spec, defaults)
		if err != nil {
			t.Fatal(err)
		}
		name := c.FileName()
		if other := seen[name]; other != "" || strings.ContainsAny(name, "/:+ ") {
			t.Errorf("%s has %s, which %s has", spec, name, other)
		}
		seen[name] = spec
		if again, err := Parse(spec, defaults); err != nil || again.FileName() != name {
			t.Errorf("%s moves to %s", spec, again.FileName())
		}
	}
}

// FuzzParse checks that accepted values can be used in messages and files, and that
// errors never quote a secret.
func FuzzParse(f *testing.F) {
	for _, spec := range secretSpecs {
		f.Add(spec)
	}
	f.Add("file:/var/log/t.jsonl?rotate=100MB&every=24h&keep=14&format=ecs&emit=aws&mode=0640")
	f.Add("syslog+tls://[::1]:6514?ca=/c&cert=/c&key=/k&server-name=n&facility=local7")
	f.Add("elasticsearch+https://h:1/a/i?pipeline=p&user=u&password-env=P&spool=/s&spool-size=1GiB")
	f.Add("splunk+http://localhost/x?token-env=T&index=i")
	f.Fuzz(func(t *testing.T, spec string) {
		c, err := Parse(spec, defaults)
		if err != nil {
			if !reflect.DeepEqual(c, Config{}) || strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Errorf("%+v, %q", c, err)
			}
			return
		}
		if c.Name() == "" || !isPrintable(c.Name()) || !isPrintable(c.FileName()) || c.SpoolSize <= 0 || c.file.Size < 0 {
			t.Errorf("%+v", c)
		}
		head, _, _ := strings.Cut(spec, "?")
		if strings.Contains(head, "@") && c.path == "" {
			t.Errorf("%q is taken", spec)
		}
	})
}

// A signed output also needs the place of its credentials.
func TestNeedsOfSigned(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_EC2_METADATA_DISABLED", "AWS_EC2_METADATA_SERVICE_ENDPOINT"} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", t.TempDir())
	needs := func() (n Needs) {
		c, err := Parse("elasticsearch+https://192.0.2.1/i?sigv4=eu-central-1", Defaults{})
		if err != nil {
			t.Fatal(err)
		}
		c.AddNeeds(&n)
		return n
	}
	if n, want := needs(), (Needs{Ports: []Port{{"tcp", 9200}, {"tcp", 80}}}); !reflect.DeepEqual(n, want) {
		t.Errorf("metadata service: %+v", n)
	}
	t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/run/token")
	t.Setenv("AWS_ROLE_ARN", "r")
	if n, want := needs(), (Needs{Ports: []Port{{"tcp", 9200}, {"tcp", 443}}, Network: true, Read: []string{"/run/token"}}); !reflect.DeepEqual(n, want) {
		t.Errorf("STS: %+v", n)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIA")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "s")
	if n, want := needs(), (Needs{Ports: []Port{{"tcp", 9200}}}); !reflect.DeepEqual(n, want) {
		t.Errorf("environment: %+v", n)
	}
}

func TestSecretVariables(t *testing.T) {
	for spec, want := range map[string]string{
		"-": "", "syslog+udp://h": "", "splunk+https://h?token-file=/t": "", "splunk+https://h?token-env=T": "T",
		"elasticsearch+https://h/i?user=u&password-env=P": "P", "elasticsearch+https://h/i?api-key-env=K": "K",
		"elasticsearch+https://h/i?sigv4=r": "AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_CONTAINER_AUTHORIZATION_TOKEN",
	} {
		c, err := Parse(spec, Defaults{})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(c.SecretVariables(), " "); got != want {
			t.Errorf("%s: %q, want %q", spec, got, want)
		}
	}
}
