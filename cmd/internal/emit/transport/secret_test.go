package transport

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"
)

func TestMaskHidesEveryForm(t *testing.T) {
	for _, secret := range []string{"hunter2", `p"a<s>s\w&rd+ /%?@:`, "abc", "0123456789abcdef-ABCDEF", "o'clock"} {
		m := new(Mask)
		m.AddBasic("elastic", secret)
		inJSON, err := json.Marshal(map[string]string{"reason": "no such token: " + secret})
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{
			"as it is":    "no such token: " + secret,
			"Go":          fmt.Sprintf("malformed HTTP response %q", "Authorization: Splunk "+secret),
			"JSON":        string(inJSON),
			"HTML":        "<p>" + html.EscapeString(secret) + "</p>",
			"query":       "/login?next=" + url.QueryEscape(secret),
			"path":        "/login/" + url.PathEscape(secret),
			"userinfo":    (&url.URL{Scheme: "http", User: url.UserPassword("elastic", secret), Host: "proxy:8080"}).String(),
			"Basic":       "got Basic " + base64.StdEncoding.EncodeToString([]byte("elastic:"+secret)),
			"field":       "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("other:"+secret)),
			"with others": "a" + secret + "b " + secret,
		} {
			if name == "with others" && len(secret) < minSecret {
				continue // see minSecret
			}
			hidden := m.Hide(text)
			for _, form := range formsOf(secret) {
				if strings.Contains(hidden, form) && len(form) >= minSecret || hidden == text {
					t.Errorf("%s: %s is shown in %q", name, form, hidden)
				}
			}
		}
	}
}

func TestMaskPatterns(t *testing.T) {
	for text, want := range map[string]string{
		"https://user:hunter2@siem.example.com/x: no such file": "https://***@siem.example.com/x: no such file",
		`proxy "http://u:hun@ter/2@proxy:1": bad`:               `proxy "http://***@proxy:1": bad`,
		`{"Authorization":["Splunk hunter2"]}`:                  `{"Authorization":["***"]}`,
		"proxy-authorization: Bearer hunter2, then":             "proxy-authorization: ***, then",
		"GET /x?token=hunter2&y=1":                              "GET /x?token=***&y=1",
		"open https:/u:hunter2@h/x: no such file":               "open https:/***@h/x: no such file",
		// Text without secrets does not change.
		"syslog+tls://siem.example.com: dial tcp 192.0.2.1:6514: connection refused":       "syslog+tls://siem.example.com: dial tcp 192.0.2.1:6514: connection refused",
		"missing authentication credentials for REST request [/tlsfloor/_bulk]: [basic] a": "missing authentication credentials for REST request [/tlsfloor/_bulk]: [basic] a",
		"mail@example.com": "mail@example.com",
	} {
		if got := (*Mask)(nil).Hide(text); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestMaskKnowsProxies(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://me:hunter%402@proxy.example.com:3128")
	m := new(Mask)
	m.AddProxies()
	for _, text := range []string{"hunter@2", "hunter%402", "got " + base64.StdEncoding.EncodeToString([]byte("me:hunter@2"))} {
		if hidden := m.Hide(text); !strings.Contains(hidden, masked) {
			t.Errorf("%q is shown", hidden)
		}
	}
}
