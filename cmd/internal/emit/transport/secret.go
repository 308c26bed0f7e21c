package transport

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"tlsfloor/cmd/internal/regular"
)

// maxSecret bounds the file of a secret, in bytes.
const maxSecret = 64 << 10

// Secret says where to read a secret. Configurations hold no secrets themselves, so
// that messages and the list of processes cannot show them.
type Secret struct {
	File     string
	Variable string // of the environment
}

// Given reports whether there is a place to read the secret from.
func (s Secret) Given() bool { return s.File != "" || s.Variable != "" }

// Read returns the secret. Errors name only its place.
func (s Secret) Read() (string, error) {
	if s.File != "" {
		return s.readFile()
	}
	text, ok := os.LookupEnv(s.Variable)
	if !ok {
		return "", fmt.Errorf("the environment has no %s", s.Variable)
	}
	secret, err := clean([]byte(text))
	if err != nil {
		return "", fmt.Errorf("the environment's %s %w", s.Variable, err)
	}
	return secret, nil
}

func (s Secret) readFile() (string, error) {
	text, err := regular.Read(s.File, maxSecret)
	if err != nil {
		return "", err
	}
	secret, err := clean(text)
	if err != nil {
		return "", fmt.Errorf("%s %w", s.File, err)
	}
	return secret, nil
}

// clean removes white space at both ends, such as the newline of an editor. It rejects
// control characters inside: a newline would begin another header in a request.
func clean(text []byte) (string, error) {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return "", errors.New("is empty")
	}
	for _, c := range text {
		if c < ' ' || c > '~' {
			return "", errors.New("holds more than one line of printable ASCII")
		}
	}
	return string(text), nil
}

// masked replaces a secret.
const masked = "***"

// minSecret is the shortest secret, in bytes, that is masked everywhere. A shorter one
// is masked only as a whole word: masking each letter "a" would hide the message.
const minSecret = 4

// Mask removes secrets from messages: those that were added, in every form in which a
// server may return them, and whatever stands in places where secrets usually stand. A
// nil Mask does only the latter. Any number of goroutines may use it.
type Mask struct {
	mu    sync.RWMutex
	forms []string // the longest first
}

// Add makes Hide mask a secret from now on. Secrets added earlier stay masked: a server
// may return an old one late.
func (m *Mask) Add(secret string) {
	if m == nil || secret == "" {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.add(secret)
	for _, word := range strings.Fields(secret) { // a response that is cut into words has the secret cut, too
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

// AddBasic makes Hide mask a password, alone and as Basic credentials (RFC 7617, 2).
func (m *Mask) AddBasic(user, password string) {
	m.Add(password)
	if password != "" {
		m.Add(user + ":" + password)
	}
}

// formsOf returns the forms in which a server may quote a secret of the request: as it
// is, in base64, and escaped for JSON, a Go string, a URL and HTML.
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

// proxies are the environment variables that net/http reads. Their URLs may hold a
// password, which errors about them would show.
var proxies = []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"}

// AddProxies makes Hide mask the proxies' passwords.
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

// patterns find places where secrets usually stand, with their replacements.
var patterns = []struct {
	find *regexp.Regexp
	with string
}{
	// A URL's userinfo (RFC 3986, 3.2.1), up to the last @: an unescaped password may
	// hold others. A URL that was cleaned like a path has one slash.
	{regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*:/{1,2})[^\s"'<>]*@`), "${1}" + masked + "@"},
	// Credentials of HTTP (RFC 9110, 11.4), as a field or in JSON.
	{regexp.MustCompile(`((?i:authorization)["']?\s*[:=]\s*\[?["']?)[A-Za-z][A-Za-z0-9-]*\s+[^\s"',;\]]+`), "${1}" + masked},
	{regexp.MustCompile(`([?&](?i:[a-z_-]*(?:token|passw(?:or)?d|secret|api[_-]?key|credential)[a-z_-]*)=)[^&\s"'<>]+`), "${1}" + masked},
}

// Hide replaces each secret in text by three stars.
func (m *Mask) Hide(text string) string {
	text = string(m.HideKnown([]byte(text)))
	for _, p := range patterns {
		text = p.find.ReplaceAllString(text, p.with)
	}
	return text
}

// HideKnown masks only secrets that were added: for a server's response, which is
// parsed afterwards.
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

// replaceWord masks word where no letter or digit is next to it.
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
