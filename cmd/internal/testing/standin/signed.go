package standin

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// CheckSignature checks the signature of a request (AWS Signature Version 4) with a
// computation of its own, from AWS's description.
func CheckSignature(r *http.Request, body []byte, secret string) error {
	fields := map[string]string{}
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	for _, field := range strings.Split(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		fields[name] = value
	}
	scope := strings.Split(fields["Credential"], "/")
	date := r.Header.Get("X-Amz-Date")
	if !ok || len(scope) != 5 || len(date) < 8 || scope[1] != date[:8] || scope[4] != "aws4_request" {
		return fmt.Errorf("no signature: %v", r.Header)
	}
	key := []byte("AWS4" + secret)
	for _, part := range scope[1:] {
		key = mac(key, part)
	}
	text := strings.Join([]string{"AWS4-HMAC-SHA256", date, strings.Join(scope[1:], "/"), digest(canonical(r, fields["SignedHeaders"], body))}, "\n")
	if want := hex.EncodeToString(mac(key, text)); fields["Signature"] != want {
		return fmt.Errorf("the signature is %s, want %s", fields["Signature"], want)
	}
	return nil
}

// canonical is the form of a request that is signed.
func canonical(r *http.Request, signed string, body []byte) []byte {
	parameters := strings.Split(r.URL.RawQuery, "&")
	slices.Sort(parameters)
	var headers strings.Builder
	for _, name := range strings.Split(signed, ";") {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = fmt.Sprint(r.ContentLength)
		}
		fmt.Fprintf(&headers, "%s:%s\n", name, strings.Join(strings.Fields(value), " "))
	}
	return []byte(strings.Join([]string{
		r.Method, r.URL.EscapedPath(), strings.Join(parameters, "&"), headers.String(), signed, digest(body),
	}, "\n"))
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
