package handshake

import (
	"crypto/tls"
	"strings"
	"testing"

	"tlsfloor/parse"
)

// The order of the messages, the group and the version of an alert do not depend on how the
// bytes are cut. The letters are those that Zeek writes of such handshakes.
func TestTrail(t *testing.T) {
	var pool Pool
	p384 := []tls.CurveID{tls.CurveP384}
	for name, tt := range map[string]struct {
		client, server *tls.Config
		history        string // its beginning
		group          parse.Group
		alert          parse.Version
	}{
		"TLSv1.2":             {between(tls.VersionTLS12, tls.VersionTLS12), &tls.Config{CurvePreferences: p384}, "CsxknGI", 24, 0},
		"TLSv1.3":             {&tls.Config{CurvePreferences: []tls.CurveID{tls.X25519}}, &tls.Config{}, "Csi", 29, 0},
		"a HelloRetryRequest": {&tls.Config{CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP384}}, &tls.Config{CurvePreferences: p384}, "CsiICs", 24, 0},
		"refused":             {between(tls.VersionTLS10, tls.VersionTLS11), &tls.Config{MinVersion: tls.VersionTLS12}, "Cl", 0, parse.TLSv1},
	} {
		all := transcript(t, tt.client, tt.server)
		for _, size := range []int{1, 7, 100, 1 << 16} {
			l := newDriver(&pool)
			l.pushAll(t, all, size)
			if got := string(l.AppendHistory(nil)); !strings.HasPrefix(got, tt.history) {
				t.Errorf("%s, in pieces of %d: %s, want %s", name, size, got, tt.history)
			}
			if got := l.Group(); got != tt.group {
				t.Errorf("%s, in pieces of %d: group %s, want %s", name, size, got, tt.group)
			}
			if got := l.AlertVersion(server); got != tt.alert {
				t.Errorf("%s, in pieces of %d: an alert in %s, want %s", name, size, got, tt.alert)
			}
			l.Close()
		}
	}
}

// A flood of messages is not kept.
func TestHistoryIsBounded(t *testing.T) {
	var pool Pool
	l := newDriver(&pool)
	defer l.Close()
	for range 1000 {
		l.PushAlert(client, parse.Alert{Level: parse.AlertWarning})
	}
	if got := l.AppendHistory(nil); len(got) != maxHistory {
		t.Errorf("%d letters", len(got))
	}
}
