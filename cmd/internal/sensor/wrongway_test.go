package sensor

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tlsfloor/capture/decode"
	"tlsfloor/classify"
	"tlsfloor/parse"
)

// oneRecord puts the handshake messages of several records into one record.
func oneRecord(records ...[]byte) []byte {
	var messages []byte
	for _, r := range records {
		messages = append(messages, r[5:]...)
	}
	return tlsRecord(22, messages...)
}

// TestHellosInTheWrongDirection puts a ServerHello into the client's direction, a
// ClientHello into the server's, or both, at every place, whole and in pieces, in their
// own records and in others, and before lost bytes. The event has the true client and
// answer, and the anomaly.
func TestHellosInTheWrongDirection(t *testing.T) {
	hello, answer := clientHelloFor(0x0301), serverHelloFor(0x0301)
	better, other := serverHelloFor(0x0303, 3, 4), clientHelloTo("www.example.com", 0x0303, 3, 4)
	inTwo := func(r []byte) []byte { return slices.Concat(tlsRecord(22, r[5:20]...), tlsRecord(22, r[20:]...)) }
	places := map[string]func(own, wrong []byte) []sent{ // of one direction; from is set later
		"before":                  func(own, wrong []byte) []sent { return []sent{{0, wrong}, {0, own}} },
		"behind":                  func(own, wrong []byte) []sent { return []sent{{0, own}, {0, wrong}} },
		"before, in its record":   func(own, wrong []byte) []sent { return []sent{{0, oneRecord(wrong, own)}} },
		"behind, in its record":   func(own, wrong []byte) []sent { return []sent{{0, oneRecord(own, wrong)}} },
		"before, in two records":  func(own, wrong []byte) []sent { return []sent{{0, inTwo(wrong)}, {0, own}} },
		"behind, in two records":  func(own, wrong []byte) []sent { return []sent{{0, own}, {0, inTwo(wrong)}} },
		"before lost bytes":       func(own, wrong []byte) []sent { return []sent{{0, wrong}, {0, lost}, {0, own}} },
		"half, before lost bytes": func(own, wrong []byte) []sent { return []sent{{0, wrong[:len(wrong)-10]}, {0, lost}, {0, own}} },
		"behind, cut":             func(own, wrong []byte) []sent { return []sent{{0, own}, {0, wrong[:len(wrong)-10]}} },
		"behind lost bytes":       func(own, wrong []byte) []sent { return []sent{{0, own}, {0, lost}, {0, wrong}} },
		"twice":                   func(own, wrong []byte) []sent { return []sent{{0, wrong}, {0, own}, {0, wrong}} },
		"not at all":              func(own, _ []byte) []sent { return []sent{{0, own}} },
	}
	for clientPlace, inClient := range places {
		for serverPlace, inServer := range places {
			client, server := inClient(hello, better), inServer(answer, other)
			for i := range server {
				server[i].from = 1
			}
			for _, order := range []string{"client first", "server first", "in turn", "client first, no SYN"} {
				noSYN := strings.HasSuffix(order, "no SYN")
				if noSYN && strings.Contains(clientPlace+serverPlace, "lost bytes") {
					continue // nothing shows which end opened the connection or sent first
				}
				log := slices.Concat(client, server)
				switch order {
				case "server first":
					log = slices.Concat(server, client)
				case "in turn":
					log = nil
					for i := range max(len(client), len(server)) {
						log = append(log, client[min(i, len(client)):min(i+1, len(client))]...)
						log = append(log, server[min(i, len(server)):min(i+1, len(server))]...)
					}
				}
				for _, size := range []int{1400, 7} {
					for _, flaggedOnly := range []bool{false, true} {
						name := fmt.Sprintf("ServerHello %s; ClientHello %s; %s, segments of %d, flagged only %v", clientPlace, serverPlace, order, size, flaggedOnly)
						found := findingsWithLosses(t, log, size, flaggedOnly, !noSYN)
						if len(found) != 1 {
							t.Fatalf("%s: %d findings: %+v", name, len(found), found)
						}
						f := &found[0]
						if f.Client.Port() != 50000 || f.Hello == nil || f.SNI != sqs || f.Answer == nil || f.Answer.Version != parse.TLSv1 || f.Verdict != classify.Violation || !f.Flagged {
							t.Fatalf("%s: client %v, SNI %q, hello %+v, answer %+v, anomalies %q", name, f.Client, f.SNI, f.Hello, f.Answer, f.Anomalies)
						}
						for odd, place := range map[string]string{"server_hello_from_client": clientPlace, "client_hello_from_server": serverPlace} {
							got, want := slices.Contains(f.Anomalies, odd), place != "not at all"
							if got != want && (got || !strings.HasPrefix(place, "half")) { // half a hello may be anything
								t.Errorf("%s: anomalies %q", name, f.Anomalies)
							}
						}
					}
				}
			}
		}
	}
}

// TestSSLv2HellosInTheWrongDirection: SSLv2 hellos at the beginning of the wrong
// direction hide neither the true hellos after them nor the true roles.
func TestSSLv2HellosInTheWrongDirection(t *testing.T) {
	hello, answer := clientHelloFor(0x0301), serverHelloFor(0x0301)
	client := slices.Concat([]byte{0x80, 9 + 3 + 16, 1, 0, 2, 0, 3, 0, 0, 0, 16, 1, 0, 0x80}, make([]byte, 16))
	server := slices.Concat([]byte{0x80, 11 + 3 + 16, 4, 0, 1, 0, 2, 0, 0, 0, 3, 0, 16, 1, 0, 0x80}, make([]byte, 16))
	for name, log := range map[string][]sent{
		"a CLIENT-HELLO of the server's":            {{0, hello}, {1, client}, {1, answer}},
		"in the answer's segment":                   {{0, hello}, {1, slices.Concat(client, answer)}},
		"a SERVER-HELLO of the client's":            {{0, server}, {0, hello}, {1, answer}},
		"in the hello's segment":                    {{0, slices.Concat(server, hello)}, {1, answer}},
		"a SERVER-HELLO of the client's, behind it": {{1, answer}, {0, slices.Concat(server, hello)}},
	} {
		for _, size := range []int{1400, 7, 1} {
			for _, flaggedOnly := range []bool{false, true} {
				found := findingsWithLosses(t, log, size, flaggedOnly, true)
				odd := "server_hello_from_client"
				if log[0].from == 0 && bytes.Equal(log[0].bytes, hello) {
					odd = "client_hello_from_server"
				}
				if len(found) != 1 || found[0].Client.Port() != 50000 || found[0].SNI != sqs || found[0].Answer == nil || found[0].Answer.Version != parse.TLSv1 || !found[0].Flagged || !slices.Equal(found[0].Anomalies, []string{odd}) {
					t.Errorf("%s, segments of %d, flagged only %v: %+v", name, size, flaggedOnly, found)
				}
			}
		}
	}
}

// findingsWithLosses is findings for a log in which an element without bytes stands for
// lost ones.
func findingsWithLosses(t *testing.T, log []sent, size int, flaggedOnly, syn bool) (found []classify.Finding) {
	t.Helper()
	s := newSensor(t, func(f *classify.Finding) { found = append(found, *f) })
	s.sessions.FlaggedOnly = flaggedOnly
	l := &line{Sensor: s}
	if syn {
		l.send(0, decode.SYN, nil)
		l.send(1, decode.SYN, nil)
	}
	for _, one := range log {
		if len(one.bytes) == 0 {
			l.seq[one.from] += 40
			continue
		}
		for _, part := range inSegments([]sent{one}, size) {
			l.send(part.from, 0, part.bytes)
		}
	}
	l.end()
	return found
}
