package dns

import (
	"net/netip"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// response builds a response to a question for name with another
// implementation's encoder, which compresses names as servers do.
func response(t testing.TB, name string, qtype dnsmessage.Type, answers func(*dnsmessage.Builder)) []byte {
	t.Helper()
	b := dnsmessage.NewBuilder(nil, dnsmessage.Header{ID: 7, Response: true, RecursionAvailable: true})
	b.EnableCompression()
	must(t, b.StartQuestions())
	must(t, b.Question(dnsmessage.Question{Name: dnsmessage.MustNewName(name), Type: qtype, Class: dnsmessage.ClassINET}))
	must(t, b.StartAnswers())
	answers(&b)
	msg, err := b.Finish()
	must(t, err)
	return msg
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func header(name string, ttl uint32) dnsmessage.ResourceHeader {
	return dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(name), Class: dnsmessage.ClassINET, TTL: ttl}
}

func addA(t testing.TB, b *dnsmessage.Builder, name string, ttl uint32, addr string) {
	t.Helper()
	must(t, b.AResource(header(name, ttl), dnsmessage.AResource{A: netip.MustParseAddr(addr).As4()}))
}

func addAAAA(t testing.TB, b *dnsmessage.Builder, name string, ttl uint32, addr string) {
	t.Helper()
	must(t, b.AAAAResource(header(name, ttl), dnsmessage.AAAAResource{AAAA: netip.MustParseAddr(addr).As16()}))
}

func addCNAME(t testing.TB, b *dnsmessage.Builder, name string, ttl uint32, target string) {
	t.Helper()
	must(t, b.CNAMEResource(header(name, ttl), dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName(target)}))
}

func addUnknown(t testing.TB, b *dnsmessage.Builder, name string, qtype Type, ttl uint32, data []byte) {
	t.Helper()
	must(t, b.UnknownResource(header(name, ttl), dnsmessage.UnknownResource{Type: dnsmessage.Type(qtype), Data: data}))
}

// aliased is a response like those for most AWS names: a chain of aliases, and some
// addresses at its end.
func aliased(t testing.TB) []byte {
	return response(t, "Bucket.S3.amazonaws.com.", dnsmessage.TypeA, func(b *dnsmessage.Builder) {
		addCNAME(t, b, "bucket.s3.amazonaws.com.", 300, "s3-1-w.amazonaws.com.")
		addCNAME(t, b, "s3-1-w.amazonaws.com.", 60, "s3-w.us-east-1.amazonaws.com.")
		for _, a := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.6"} {
			addA(t, b, "s3-w.us-east-1.amazonaws.com.", 120, a)
		}
	})
}

const maxMessage = 1<<16 - 1

// AppendOwner appends the name that the record belongs to.
func (r *record) AppendOwner(dst []byte) (name []byte, ok bool) {
	return appendName(dst, r.msg, r.name)
}

// AppendTarget appends the name that a CNAME record points to.
func (r *record) AppendTarget(dst []byte) (name []byte, ok bool) {
	if r.Type != typeCNAME {
		return dst, false
	}
	return appendName(dst, r.msg, r.data)
}

// allAnswers is answers without the bound.
func (m *Message) allAnswers() answers {
	return answers{msg: m.raw, off: m.records, left: m.promised}
}
