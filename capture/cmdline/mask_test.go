package cmdline

import (
	"slices"
	"strings"
	"testing"
)

func TestSecretsAreMasked(t *testing.T) {
	const key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	for in, want := range map[string]string{ // arguments are separated by |
		// Users and passwords.
		"curl|-u|me:pw|https://x":                    "curl|-u|***|https://x",
		"/usr/bin/curl|-u|me|https://x":              "/usr/bin/curl|-u|***|https://x",
		"curl|-ume:pw|https://x":                     "curl|-u***|https://x",
		"curl|-sku|me:pw":                            "curl|-sku|***",
		"curl|-sLume:pw":                             "curl|-sLu***",
		"curl|--user|me:pw":                          "curl|--user|***",
		"curl|--proxy-user|me:pw":                    "curl|--proxy-user|***",
		"curl|-o|/dev/null|-k":                       "curl|-o|/dev/null|-k",
		"mysql|-ppw|-u|root|shop":                    "mysql|-p***|-u|root|shop",
		"mysql|-p|shop":                              "mysql|-p|shop",
		"timeout|8|mysql|-ppw|shop":                  "timeout|8|mysql|-p***|shop",
		"xargs|/usr/bin/curl|-ume:pw|https://x":      "xargs|/usr/bin/curl|-u***|https://x",
		"openssl|pkcs12|-pass|pass:pw":               "openssl|pkcs12|-pass|***",
		"sshpass|-p|pw|ssh|x":                        "sshpass|-p|***|ssh|x",
		"docker|exec|x|-u|me:pw":                     "docker|exec|x|-u|***",
		"ps|-u|root":                                 "ps|-u|root",
		"python3|-u|app.py":                          "python3|-u|app.py",
		"mysql|--password=pw|-h|db":                  "mysql|--password=***|-h|db",
		"app|--db-password|pw|--verbose":             "app|--db-password|***|--verbose",
		"app|--password|-":                           "app|--password|***",
		"keytool|-storepass|pw":                      "keytool|-storepass|***",
		"java|-Dapp.secret=s|-jar|a.jar":             "java|-Dapp.secret=***|-jar|a.jar",
		"java|-Djavax.net.ssl.trustStorePassword=pw": "java|-Djavax.net.ssl.trustStorePassword=***",
		// Tokens and keys.
		"app|--token|-v":                                    "app|--token|-v",
		"app|--api-key|k|--apikey=k":                        "app|--api-key|***|--apikey=***",
		"app|--credentials|c":                               "app|--credentials|***",
		"env|AWS_SECRET_ACCESS_KEY=" + key + "|job":         "env|AWS_SECRET_ACCESS_KEY=***|job",
		"env|AWS_SESSION_TOKEN=IQoJb3|job":                  "env|AWS_SESSION_TOKEN=***|job",
		"job|" + key:                                        "job|***",
		"job|--key=" + key:                                  "job|--key=***",
		"job|AKIAIOSFODNN7EXAMPLE:" + key:                   "job|AKIAIOSFODNN7EXAMPLE:***",
		"git|show|3b18e512dba79e4c8300dd08aeb37f8e728b8dad": "git|show|3b18e512dba79e4c8300dd08aeb37f8e728b8dad",
		// URLs.
		"curl|https://me:pw@x/y?z=1":                          "curl|https://me:***@x/y?z=1",
		"curl|https://me:p@w@x/":                              "curl|https://me:***@x/",
		"app|--url=https://me:pw@x/":                          "app|--url=https://me:***@x/",
		"git|clone|https://ghp_0123456789abcdefghij@host/x":   "git|clone|https://***@host/x",
		"git|clone|ssh://git@host/x":                          "git|clone|ssh://git@host/x",
		"curl|https://x/y?X-Amz-Signature=ab12&b=1":           "curl|https://x/y?X-Amz-Signature=***&b=1",
		"curl|https://x/y?a=1&X-Amz-Security-Token=ab%2F&b=1": "curl|https://x/y?a=1&X-Amz-Security-Token=***&b=1",
		"curl|-d|user=me&password=pw|https://x":               "curl|-d|user=me&password=***|https://x",
		"curl|https://dynamodb.us-west-2.amazonaws.com:443/":  "curl|https://dynamodb.us-west-2.amazonaws.com:443/",
		// Headers and JSON.
		"curl|-H|Authorization: Bearer abc":                                  "curl|-H|Authorization: ***",
		"curl|-HAuthorization: Bearer abc":                                   "curl|-HAuthorization: ***",
		"sh|-c|curl -H 'Authorization: Bearer abc' https://x":                "sh|-c|curl -H 'Authorization: *** https://x",
		`sh|-c|curl -H"X-Api-Key: abc" -H 'Accept: x' https://x`:             `sh|-c|curl -H"X-Api-Key: *** -H 'Accept: x' https://x`,
		`sh|-c|sh -c "curl -H \"Cookie: a=b; c=d\" https://x"`:               `sh|-c|sh -c "curl -H \"Cookie: *** https://x"`,
		"sh|-c|curl -H 'X-Token:abc' -H 'Proxy-Authorization: Basic a b c d": "sh|-c|curl -H 'X-Token: *** -H 'Proxy-Authorization: ***",
		"curl|-H|X-Auth-Token: abc":                                          "curl|-H|X-Auth-Token: ***",
		"curl|-H|Accept: text/plain":                                         "curl|-H|Accept: text/plain",
		`job|{"user":"me","password":"p\"w"}`:                                `job|{"user":"me","password":***}`,
		`job|{"password": "my pw", "port": 80}`:                              `job|{"password": ***, "port": 80}`,
		`job|{"password":"cut off`:                                           `job|{"password":***`,
		// Scripts.
		"sh|-c|curl https://me:pw@x/ -o y":          "sh|-c|curl https://me:***@x/ -o y",
		"sh|-c|cd /x && PASSWORD=pw run":            "sh|-c|cd /x && PASSWORD=*** run",
		"sh|-c|cd /x; sudo curl -sume:pw https://x": "sh|-c|cd /x; sudo curl -su*** https://x",
		`sh|-c|PASSWORD="my pw" run`:                "sh|-c|PASSWORD=***",
		"sh|-c|app --token abc run":                 "sh|-c|app --token *** run",
		// What is no secret.
		"/opt/password-tool/run|--port|80":             "/opt/password-tool/run|--port|80",
		"/usr/bin/node|/srv/app.js|--region|us-west-2": "/usr/bin/node|/srv/app.js|--region|us-west-2",
		"python3|-m|http.server":                       "python3|-m|http.server",
		"git|commit|--author=me":                       "git|commit|--author=me",
		"sh|-c|a  b\n c":                               "sh|-c|a  b\n c",
		"nginx: worker process":                        "nginx: worker process",
	} {
		if got := strings.Join(mask(strings.Split(in, "|")), "|"); got != want {
			t.Errorf("%s\n got %s\nwant %s", in, got, want)
		}
	}
}

func TestArguments(t *testing.T) {
	if got := split([]byte("curl\x00\x00https://x\x00\x00")); !slices.Equal(got, []string{"curl", "", "https://x"}) {
		t.Errorf("%q", got)
	}
	if got := split([]byte(strings.Repeat("x\x00", 1000))); len(got) != maxArguments {
		t.Errorf("%d arguments", len(got))
	}
	if split(nil) != nil || split([]byte{0, 0}) != nil {
		t.Error("a kernel thread has arguments")
	}
}

func TestArgumentsAreCut(t *testing.T) {
	if long := mask([]string{strings.Repeat("x", 10000)}); len(long[0]) != maxArgument {
		t.Errorf("%d bytes", len(long[0]))
	}
	// A secret is found before its argument is cut.
	in := strings.Repeat("x", maxArgument-5) + "&token=abcdefgh"
	if got := mask([]string{"job", in})[1]; strings.Contains(got, "abc") {
		t.Errorf("%s", got)
	}
}

// FuzzRead reads any command line: it is bounded, and a password does not show.
func FuzzRead(f *testing.F) {
	f.Add([]byte("curl\x00-ume:pw\x00https://me:pw@x/?token=1\x00"))
	f.Add([]byte("sh\x00-c\x00cd /x; PASSWORD='a b' curl -u me:pw x\x00"))
	f.Add([]byte("job\x00{\"password\":\"p\\\"w\"}\x00-HAuthorization: Bearer a\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		arguments := Read(b)
		if len(arguments) > maxArguments {
			t.Errorf("%d arguments", len(arguments))
		}
		for _, a := range arguments {
			if len(a) > maxArgument {
				t.Errorf("%d bytes", len(a))
			}
		}
		// A password of its own argument never shows, whatever is around it.
		const secret = "qZ7-never-shown"
		for _, a := range mask(append(split(append([]byte("x\x00"), b...)), "--password="+secret)) {
			if strings.Contains(a, secret) && !strings.Contains(string(b), secret) {
				t.Errorf("%q", a)
			}
		}
	})
}
