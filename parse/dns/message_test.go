package dns

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

func TestParse(t *testing.T) {
	var m Message
	must(t, Parse(aliased(t), &m))
	if m.ID != 7 || !m.Response || m.Opcode != 0 || m.Truncated || m.RCode != 0 || !m.HasQuestion || m.QType != typeA || m.QClass != classIN {
		t.Errorf("%+v", m)
	}
	must(t, Parse([]byte("\x12\x34\x7a\x0f\x00\x00\x00\x00\x00\x00\x00\x00"), &m))
	if m.ID != 0x1234 || m.Response || m.Opcode != 15 || !m.Truncated || m.RCode != 15 || m.HasQuestion {
		t.Errorf("flags: %+v", m)
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		msg  string
		want error
	}{
		{"nothing", "", errShort},
		{"half a header", "\x00\x01\x81\x80\x00\x01", errShort},
		{"no question after the header", question(""), errName},
		{"a name without an end", question("\x04host"), errName},
		{"a label longer than the message", question("\x3fhost"), errName},
		{"a label type never standardized", question("\x41" + strings.Repeat("a", 65) + "\x00\x00\x01\x00\x01"), errName},
		{"half a pointer", question("\xc0"), errName},
		{"a name of 256 bytes", question(strings.Repeat("\x3f"+strings.Repeat("a", 63), 4) + "\x00\x00\x01\x00\x01"), errName},
		{"no type", question("\x04host\x00\x00"), errShort},
		{"two questions", "\x00\x01\x81\x80\x00\x02\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01\x01b\x00\x00\x01\x00\x01", errQuestions},
	} {
		var m Message
		if err := Parse([]byte(c.msg), &m); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// question is a response's header with one question, and what follows it.
func question(rest string) string {
	return "\x00\x01\x81\x80\x00\x01\x00\x00\x00\x00\x00\x00" + rest
}

func TestQuestionNames(t *testing.T) {
	longest := strings.Repeat(strings.Repeat("a", 63)+".", 3) + strings.Repeat("a", 61)
	for _, c := range []struct {
		name, wire, want string
		ok               bool
	}{
		{"plain", "\x04Host\x07EXAMPLE\x00", "host.example", true},
		{"the root", "\x00", "", true},
		{"the longest there is", wireName(longest), longest, true},
		{"NUL, controls and bytes that are not UTF-8", "\x06a\x00\x1b[\xffB\x00", "a\x00\x1b[\xffb", true},
		{"a dot inside a label", "\x0bevil.amazon\x03com\x00", "", false},
		{"a pointer to the header", "\xc0\x00", "", true}, // its first byte is 0: the root
		{"a pointer to itself", "\xc0\x0c", "", false},
		{"a pointer forwards", "\xc0\x20", "", false},
		{"a label, then a pointer to it", "\x01a\xc0\x0c", "", false},
	} {
		msg := []byte(question(c.wire + "\x00\x01\x00\x01"))
		msg[0] = 0
		var m Message
		if err := Parse(msg, &m); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got, ok := m.AppendQuestion([]byte("kept "))
		if ok != c.ok || string(got) != "kept "+c.want {
			t.Errorf("%s: %q, %v", c.name, got, ok)
		}
	}
}

func wireName(name string) string {
	var b strings.Builder
	for _, label := range strings.Split(name, ".") {
		fmt.Fprintf(&b, "%c%s", len(label), label)
	}
	return b.String() + "\x00"
}

func TestAnswersStopWhereTheMessageDoes(t *testing.T) {
	msg := aliased(t)
	binary.BigEndian.PutUint16(msg[6:], 1<<16-1)
	var m Message
	must(t, Parse(msg, &m))
	n, answers := 0, m.allAnswers()
	for r := (record{}); answers.next(&r); n++ {
	}
	if n != 8 {
		t.Errorf("%d records, want the 8 that are there", n)
	}
}

func TestPointersAreBounded(t *testing.T) {
	var m Message
	must(t, Parse(pointerChains(), &m))
	answers := m.allAnswers()
	r := record{}
	for n := 0; n < 1000 && answers.next(&r); n++ {
		name, ok := r.AppendOwner(nil)
		if ok != (n < maxPointers) {
			t.Fatalf("record %d: %q, %v", n, name, ok)
		}
	}
}

// pointerChains is 64 kB of records, the name of each a pointer to the name of
// the one before it: followed without bound, each record costs all before it.
func pointerChains() []byte {
	msg := []byte("\x00\x01\x81\x80\x00\x01\xff\xff\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01")
	for at := headerLen; len(msg) < maxMessage-12; {
		next := len(msg)
		if at >= 1<<14 {
			at = headerLen // a pointer has 14 bits
		}
		msg = append(msg, 0xc0|byte(at>>8), byte(at), 0, 1, 0, 1, 0, 0, 0, 9, 0, 0)
		at = next
	}
	return msg
}

func TestFramed(t *testing.T) {
	stream := []byte("\x00\x03abc\x00\x00\x00\x02de\x00\x05fg")
	var got []string
	for {
		msg, rest, ok := Framed(stream)
		if !ok {
			break
		}
		got, stream = append(got, string(msg)), rest
	}
	if fmt.Sprintf("%q", got) != `["abc" "" "de"]` || string(stream) != "\x00\x05fg" {
		t.Errorf("%q, left %q", got, stream)
	}
	for _, part := range []string{"", "\x00", "\xff\xff" + strings.Repeat("x", maxMessage-1)} {
		if _, rest, ok := Framed([]byte(part)); ok || string(rest) != part {
			t.Errorf("%d bytes: a message", len(part))
		}
	}
}

func FuzzMessage(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		before := bytes.Clone(msg)
		var m Message
		err := Parse(msg, &m)
		name, ok := m.AppendQuestion(nil)
		if len(name) > maxText || !ok && name != nil {
			t.Errorf("question %q, %v", name, ok)
		}
		if addrs := m.AppendAddresses(nil); len(addrs) > maxAddresses || err != nil && len(addrs) > 0 {
			t.Errorf("%d addresses of a message with error %v", len(addrs), err)
		}
		compareAnswers(t, &m, msg, err)
		for stream, ok := msg, true; ok; {
			_, stream, ok = Framed(stream)
		}
		if !bytes.Equal(before, msg) {
			t.Error("the message was written to")
		}
	})
}

// compareAnswers compares our result with dnsmessage's, if both have one.
func compareAnswers(t *testing.T, m *Message, msg []byte, err error) {
	t.Helper()
	ours, refused := ourAnswers(m)
	theirs, theirErr := theirAnswers(msg)
	if err != nil || theirErr != nil {
		return
	}
	if refused {
		theirs = theirs[:min(len(ours), len(theirs))]
	}
	if fmt.Sprint(ours) != fmt.Sprint(theirs) {
		t.Errorf("ours %q\ndnsmessage %q", ours, theirs)
	}
}

// seeds are the messages that the fuzzer starts from and that are compared
// with another implementation.
func seeds(t testing.TB) [][]byte {
	svcb := response(t, "host.example.", dnsmessage.Type(HTTPS), func(b *dnsmessage.Builder) {
		addUnknown(t, b, "host.example.", HTTPS, 30, hints())
	})
	v6 := response(t, "host.example.", dnsmessage.TypeAAAA, func(b *dnsmessage.Builder) {
		addAAAA(t, b, "host.example.", 30, "2001:db8::1")
	})
	short := aliased(t)
	return [][]byte{
		aliased(t), svcb, v6, short[:len(short)-3], pointerChains()[:200],
		chained(t, maxAliases+1), reversed(t, 8), reversed(t, 12), scattered(),
		[]byte(question("\x01a\x00\x00\x01\x00\x01")), []byte(question("\xc0\x0c\x00\x01\x00\x01")),
		[]byte(question("\x03a.b\x00\x00\x01\x00\x01")), {}, []byte("\x00\x03abc\x00\x00"),
	}
}

// ourAnswers writes the answers of the types that are read, down to the first
// that is malformed.
//
// refused tells that it ended at a name that this package rejects, such as one with a
// pointer forward. RFC 1035, 4.1.4 requires a prior occurrence; dnsmessage follows
// either.
func ourAnswers(m *Message) (all []string, refused bool) {
	answers := m.allAnswers()
	for r := (record{}); answers.next(&r); {
		owner, ok := r.AppendOwner(nil)
		if !ok {
			return all, true
		}
		switch data := fmt.Sprintf("%x", r.Data); r.Type {
		case typeCNAME:
			target, ok := r.AppendTarget(nil)
			if !ok {
				return all, true
			}
			all = append(all, fmt.Sprintf("%s %d CNAME %s", owner, r.TTL, target))
		case typeA, typeAAAA:
			all = append(all, fmt.Sprintf("%s %d %d %s", owner, r.TTL, r.Type, data))
		}
	}
	return all, false
}

// theirAnswers returns the same with golang.org/x/net. That parser ignores the length
// of some types' data, so the data is skipped first.
func theirAnswers(msg []byte) (all []string, err error) {
	var p dnsmessage.Parser
	if _, err := p.Start(msg); err != nil {
		return nil, err
	}
	if err := p.SkipAllQuestions(); err != nil {
		return nil, err
	}
	for {
		h, err := p.AnswerHeader()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			return all, nil
		}
		after := p
		if err = errors.Join(err, after.SkipAnswer()); err != nil {
			return all, err
		}
		owner := fmt.Sprintf("%s %d", plain(h.Name), ttl(h.TTL))
		switch h.Type {
		case dnsmessage.TypeCNAME:
			body, err := p.CNAMEResource()
			if err != nil {
				return all, err
			}
			all = append(all, fmt.Sprintf("%s CNAME %s", owner, plain(body.CNAME)))
		case dnsmessage.TypeA, dnsmessage.TypeAAAA:
			body, err := p.UnknownResource()
			if err != nil {
				return all, err
			}
			all = append(all, fmt.Sprintf("%s %d %x", owner, h.Type, body.Data))
		}
		p = after
	}
}

func plain(n dnsmessage.Name) string {
	name := bytes.Clone(n.Data[:n.Length])
	for i, c := range name {
		name[i] = lower(c)
	}
	return strings.TrimSuffix(string(name), ".")
}
