package starttls

// MayBegin reports whether TLS may begin in a direction behind bytes that the
// capture lost. What was said before them decides: in a direction that spoke
// another protocol, and neither asked for TLS nor was granted it, the bytes of a
// hello are part of somebody's file or mail.
func (p *Preamble) MayBegin(fromServer bool) bool {
	s := p.side(fromServer)
	switch d := &p.dirs[s]; {
	case d.status == TLS, d.status == Framed:
		return true
	case d.status == Foreign, p.PlainHTTP(), d.unknown && !p.proven(s):
		return false
	case p.open(s):
		return true
	case p.tunnel != none && !d.tunnelled && s == client:
		return true // the rest of a request to a proxy was lost
	case s == client && p.dirs[server].ready && !p.lines.has(smtp):
		return true // the command was lost, and the server says yes to something; SMTP's greeting is no such word
	default:
		return !d.begun
	}
}
