package transport

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// masked stands for a secret.
const masked = "***"

// minSecret is the shortest secret, in bytes, that is masked wherever it stands.
// A shorter one is masked as a word of its own: hiding each letter "a" would hide
// the message.
const minSecret = 4

// Mask takes secrets out of text that people will see: those that were read, in
// every form in which a server may give them back, and what stands where secrets
// stand. A nil Mask knows only the latter. Any number of goroutines may use it.
type Mask struct {
	mu    sync.RWMutex
	forms []string // the longest first
}

// Add has Hide mask a secret from now on. A secret that was read before is still
// masked: a server may answer late.
func (m *Mask) Add(secret string) {
	if m == nil || secret == "" {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.add(secret)
	for _, word := range strings.Fields(secret) { // what cuts an answer into words cuts the secret
		if len(word) >= minSecret {
			m.add(word)
		}
	}
	slices.SortStableFunc(m.forms, func(a, b string) int { return len(b) - len(a) })
}

func (m *Mask) add(secret string) {
	for _, form := range formsOf(secret) {
		if !slices.Contains(m.forms, form) {
			m.forms = append(m.forms, form)
		}
	}
}

// AddBasic has Hide mask a password and what HTTP makes of it (RFC 7617, 2).
func (m *Mask) AddBasic(user, password string) {
	m.Add(password)
	if password != "" {
		m.Add(user + ":" + password)
	}
}

// formsOf returns a secret as it is, encoded, and as it stands in JSON, in a
// quoted Go string, in a URL and in HTML: a server that shows the request it
// objects to uses any of them.
func formsOf(secret string) []string {
	quoted := strconv.Quote(secret)
	forms := []string{
		secret, quoted[1 : len(quoted)-1], html.EscapeString(secret),
		url.QueryEscape(secret), url.PathEscape(secret), url.UserPassword("", secret).String()[1:],
	}
	for _, escape := range []bool{true, false} {
		var b bytes.Buffer
		encoder := json.NewEncoder(&b)
		encoder.SetEscapeHTML(escape)
		if encoder.Encode(secret) == nil {
			forms = append(forms, string(b.Bytes()[1:b.Len()-2]))
		}
	}
	if len(secret) >= minSecret {
		forms = append(forms, base64.StdEncoding.EncodeToString([]byte(secret)), base64.URLEncoding.EncodeToString([]byte(secret)),
			base64.RawStdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)))
	}
	return forms
}

// proxies are the variables that net/http reads: a proxy's password may be in
// them, and in the errors about them.
var proxies = []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"}

// AddProxies has Hide mask the passwords of the proxies in the environment.
func (m *Mask) AddProxies() {
	for _, name := range proxies {
		value := os.Getenv(name)
		at := strings.LastIndexByte(value, '@')
		if at < 0 {
			continue
		}
		_, credentials, ok := strings.Cut(value[:at], "://")
		if !ok {
			credentials = value[:at]
		}
		m.Add(credentials)
		user, password, _ := strings.Cut(credentials, ":")
		m.AddBasic(user, password)
		plainUser, err := url.PathUnescape(user)
		plain, err2 := url.PathUnescape(password)
		if err == nil && err2 == nil {
			m.AddBasic(plainUser, plain)
		}
	}
}

// patterns are places where secrets stand, whoever put them there, and what is
// to stand there instead.
var patterns = []struct {
	find *regexp.Regexp
	with string
}{
	// A URL's userinfo (RFC 3986, 3.2.1), up to the last @: a password that was
	// not escaped may hold others. A URL that is taken for a path loses a slash.
	{regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*:/{1,2})[^\s"'<>]*@`), "${1}" + masked + "@"},
	// The credentials of HTTP (RFC 9110, 11.4), as a field or in JSON.
	{regexp.MustCompile(`((?i:authorization)["']?\s*[:=]\s*\[?["']?)[A-Za-z][A-Za-z0-9-]*\s+[^\s"',;\]]+`), "${1}" + masked},
	{regexp.MustCompile(`([?&](?i:[a-z_-]*(?:token|passw(?:or)?d|secret|api[_-]?key|credential)[a-z_-]*)=)[^&\s"'<>]+`), "${1}" + masked},
}

// Hide returns text with three stars in the place of each secret.
func (m *Mask) Hide(text string) string {
	text = string(m.HideKnown([]byte(text)))
	for _, p := range patterns {
		text = p.find.ReplaceAllString(text, p.with)
	}
	return text
}

// HideKnown is Hide for an answer of a server that is read on: it masks the
// secrets that were added, and they alone.
func (m *Mask) HideKnown(text []byte) []byte {
	for _, form := range m.known() {
		if len(form) < minSecret {
			text = replaceWord(text, []byte(form))
		} else if bytes.Contains(text, []byte(form)) {
			text = bytes.ReplaceAll(text, []byte(form), []byte(masked))
		}
	}
	return text
}

func (m *Mask) known() []string {
	if m == nil {
		return nil
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	return slices.Clone(m.forms)
}

// replaceWord masks word where no letter or digit stands beside it.
func replaceWord(text, word []byte) (out []byte) {
	for {
		i := bytes.Index(text, word)
		if i < 0 {
			return append(out, text...)
		}
		end := i + len(word)
		out = append(out, text[:i]...)
		if i > 0 && isWord(text[i-1]) || end < len(text) && isWord(text[end]) {
			out = append(out, word...)
		} else {
			out = append(out, masked...)
		}
		text = text[end:]
	}
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
