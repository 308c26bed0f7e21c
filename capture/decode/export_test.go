package decode

import "tlsfloor/capture"

// General is Decode without the short way for plain frames.
func General(d *Decoder, f *capture.Frame, p *Packet) Result { return d.general(f, p) }

// SendersHeld is how many senders are counted apart.
func SendersHeld(d *Decoder) int { return len(d.disbelieved) }
