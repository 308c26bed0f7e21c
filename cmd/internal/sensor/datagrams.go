package sensor

import (
	"tlsfloor/capture/decode"
	"tlsfloor/cmd/internal/session"
)

// lookAt says what a datagram is for: Foreign ones are for nobody, or for DNS. A DNS message
// may begin as protected records do, so on DNS's port only what is certain counts.
func lookAt(p *decode.Packet) session.Look {
	look := session.LookAt(p.Payload, p.Missing)
	if look < session.Certain && isDNS(p) {
		return session.Foreign
	}
	return look
}

// datagram processes a datagram. learnt: it is a DNS message that counts.
func (s *Sensor) datagram(p *decode.Packet) (learnt bool) {
	if look := lookAt(p); look != session.Foreign {
		s.step = followingDatagrams
		s.moves.follow(p)
		s.datagrams.Push(p, look == session.Beginning)
		return false
	}
	s.step = readingDNS
	return s.learnDatagram(p)
}

// pulse implements processor.
func (s *Sensor) pulse() {
	s.step = followingDatagrams
	s.datagrams.Tick(s.frame.Time)
	s.step = betweenFrames
}

// datagram puts a datagram into the batch, and reports whether it has to be there.
func (w *Workers) datagram(it *item) (added bool) {
	p := &it.packet
	if look := lookAt(p); look != session.Foreign {
		w.moves.follow(p)
		it.sweep = w.datagramClock.Tick(p.Time)
		it.now, it.claimed, it.kind = w.datagramClock.Now(), w.datagramClock.Claimed(), datagramItem
		it.owner, it.begins = w.shardOf(p), look == session.Beginning
		it.kept = w.options.Keep != nil
		it.at = standing{now: w.clock.Now(), claimed: w.clock.Claimed()}
		if it.at.now == 0 { // see Sensor.keepTime
			it.at = standing{now: it.now, claimed: it.now}
		}
		w.add(p)
		return true
	}
	if w.options.Names != nil && isDNS(p) && w.tunnels.believesDNS(p) {
		it.kind, it.sweep = messageItem, false
		w.add(p)
		return true
	}
	return false
}

// pulse implements processor.
func (w *Workers) pulse() {
	if !w.datagramClock.Tick(w.frame.Time) {
		return
	}
	w.addDatagramTime(w.frame.Time)
	if w.filling.full(w.frame.Time) {
		w.dispatch()
	}
}

// addDatagramTime has all shards check their conversations for silence.
func (w *Workers) addDatagramTime(at int64) {
	it := w.filling.next()
	it.kind, it.sweep, it.now, it.packet.Time = datagramTimeItem, true, w.datagramClock.Now(), at
	w.filling.add()
}
