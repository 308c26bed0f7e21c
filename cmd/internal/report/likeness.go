package report

import (
	"strings"

	"tlsfloor/classify"
)

// Likeness is what findings have in common that one event can stand for: two are alike if
// theirs are equal. The client is that of the summary, an address with a program. Left out
// is what is another for each connection: the client's port, the number of the process, its
// arguments, and the address of a server that has a name. How the handshake ended is in the
// reason where it matters.
type Likeness struct {
	client   identity
	software softwareName
	to       destination
	judged   judgement
}

// judgement is what was made of the versions, with all that is unusual: an attack on one
// handshake must not disappear among others that are usual.
type judgement struct {
	verdict   classify.Verdict
	fix       classify.Fix
	flagged   bool
	reason    reason // with the versions: the counts of reasons stay right, too
	anomalies string
	exception classify.Exception
}

// LikenessOf returns the Likeness of a finding whose process and software are known.
func LikenessOf(f *classify.Finding) Likeness {
	l := Likeness{identityOf(f), softwareNameOf(f.Software), destinationOf(f), judgement{
		verdict: f.Verdict, fix: f.Fix, flagged: f.Flagged, reason: reasonOf(f), anomalies: strings.Join(f.Anomalies, " "),
	}}
	if f.Exception != nil {
		l.judged.exception = *f.Exception
	}
	return l
}

// Bytes returns the memory of its texts.
func (l *Likeness) Bytes() int64 {
	p, n := &l.client.process, len(l.to.host)+len(l.to.service)+len(l.to.region)+len(l.judged.reason)+len(l.judged.anomalies)
	n += len(p.file) + len(p.name) + len(p.script) + len(p.user) + len(p.login) + len(p.unit) + len(p.container) + len(p.starter)
	return int64(n + len(l.software.name) + len(l.software.version) + len(l.software.library))
}
