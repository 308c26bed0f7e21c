package starttls

const (
	amqpHeader = 8 // "AMQP", protocol id, version

	// amqpTLS is the protocol id with which a header asks for TLS, or grants it.
	amqpTLS = 2
)

// amqp reads a protocol header (AMQP 1.0, part 5, 2.1). Both sides send the same
// one before TLS. One of any other protocol id begins AMQP or SASL in clear, which
// have no upgrade; nor has AMQP 0-9-1, whose id is 0.
func (p *Preamble) amqp(s side, data []byte) Step {
	d := &p.dirs[s]
	switch {
	case len(data) < amqpHeader:
		return d.wait(amqpHeader)
	case string(data[:4]) != "AMQP" || data[4] != amqpTLS:
		return p.foreign(s)
	case s == client:
		p.asked = true
	default:
		p.granted = true
	}
	return d.took(amqpHeader)
}
