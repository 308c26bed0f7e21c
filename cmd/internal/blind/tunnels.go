package blind

import "tlsfloor/capture/decode"

// Tunnels counts what came in tunnels and was not believed, or not told, by their
// senders.
type Tunnels struct {
	// Messages are packets with DNS messages that were neither a question of the
	// sender's own nor the answer to one.
	Messages Addresses
	// Clients are handshakes of which another than the client told.
	Clients Addresses
	// Bounded are flagged events that were one too many for a minute.
	Bounded Addresses
}

// Add adds the counts of another sensor.
func (t *Tunnels) Add(o *Tunnels) {
	t.Messages.Add(&o.Messages)
	t.Clients.Add(&o.Clients)
	t.Bounded.Add(&o.Bounded)
}

// tunnels adds what was not believed. The packets are those that the decoder did
// not believe, and DNS messages that it had to.
func (l *list) tunnels(r *Run) {
	items := r.Tunnels.Messages.items()
	for _, of := range r.Decode.Disbelieved() {
		items = append(items, Item{Name: of.Addr.String(), Count: of.Count})
	}
	l.add(tunnelsNotBelieved, r.Decode.Results[decode.Disbelieved]+r.Tunnels.Messages.Total, top(items)...)
	l.add(clientsNotBelieved, r.Tunnels.Clients.Total, r.Tunnels.Clients.items()...)
}
