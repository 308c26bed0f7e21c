package decode

import "tlsfloor/capture"

// General is Decode without plain.
func General(d *Decoder, f *capture.Frame, p *Packet) Result { return d.general(f, p) }

// SendersHeld is how many senders have a count of their own.
func SendersHeld(d *Decoder) int { return len(d.disbelieved) }
