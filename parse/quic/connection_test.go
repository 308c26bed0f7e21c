package quic

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

var (
	firstID  = []byte("\x01first-id")
	serverID = []byte("\x02server")
	clientID = []byte("\x03client")
	hello    = bytes.Repeat([]byte("a ClientHello of some length. "), 80)
	answer   = []byte("\x02a ServerHello")
)

// clients make Initial packets of each end, in v1, before and after the server's answer.
func fromClient() sealed { return sealed{version: V1, of: firstID, dcid: firstID, scid: clientID} }
func fromServer() sealed {
	return sealed{version: V1, of: firstID, dcid: clientID, scid: serverID, fromServer: true}
}

// follower drives a Connection.
type follower struct {
	*testing.T
	Connection
	pool Pool
}

func follow(t *testing.T) *follower { return &follower{T: t} }

// push pushes a datagram, and checks what it brought.
func (f *follower) push(d Dir, want Seen, packets ...[]byte) {
	f.Helper()
	if s := f.Push(d, slices.Concat(packets...), 0, &f.pool); s != want {
		f.Errorf("direction %d: brought %b, want %b", d, s, want)
	}
}

// ready checks the bytes of a direction.
func (f *follower) ready(d Dir, want []byte) {
	f.Helper()
	if got := f.Ready(d); !bytes.Equal(got, want) {
		f.Errorf("direction %d: %q, want %q", d, got, want)
	}
}

func TestEveryVersion(t *testing.T) {
	for _, v := range []Version{
		V1, V2, 0xff000011, 0xff000014, 0xff000015, 0xff000016, 0xff000017, 0xff00001c, 0xff00001d, 0xff000020, 0xff000021, 0xff000022, 0xfaceb001, 0xfaceb002,
		'T'<<24 | '0'<<16 | '5'<<8 | '0', 'T'<<24 | '0'<<16 | '5'<<8 | '1',
	} {
		f := follow(t)
		x, y := fromClient(), fromServer()
		x.version, y.version = v, v
		f.push(0, Opened, x.seal(crypto(0, hello)))
		f.push(1, Opened, y.seal(crypto(0, answer)))
		f.ready(0, hello)
		f.ready(1, answer)
		if f.Version != v {
			t.Errorf("%s: %s", v, f.Version)
		}
	}
}

func TestVersionNames(t *testing.T) {
	for v, want := range map[Version]string{
		V1: "v1", V2: "v2", 0xff00001d: "draft-29", 0xff000000: "0xff000000", 0x51303436: "Q046", 0x54303531: "T051",
		0x5130ff36: "0x5130ff36", 0xfaceb002: "0xfaceb002", 0x1a2a3a4a: "0x1a2a3a4a", 0: "0x00000000",
	} {
		if got := v.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Ids of every length, including none, and packet numbers of every size.
func TestEveryLengthOfID(t *testing.T) {
	for n := range MaxID + 1 {
		for size := 1; size <= 4; size++ {
			f := follow(t)
			of := bytes.Repeat([]byte{7}, n)
			x := sealed{version: V1, of: of, dcid: of, scid: bytes.Repeat([]byte{8}, MaxID-n), size: size, number: 1}
			y := sealed{version: V1, of: of, dcid: x.scid, scid: of, fromServer: true, size: size}
			f.push(0, Opened, x.seal(crypto(0, hello)))
			f.push(1, Opened, y.seal(crypto(0, answer)))
			f.ready(0, hello)
			f.ready(1, answer)
		}
	}
}

// Short packet numbers go on from the highest that was opened (RFC 9000, A.3).
func TestPacketNumbersGoOn(t *testing.T) {
	f := follow(t)
	x := fromClient()
	for i, n := range []uint32{0, 100, 255, 256, 300, 290, 70000, 70001, 70120} {
		x.number, x.size = n, 1
		if n == 70000 {
			x.size = 3
		}
		f.push(0, Opened, x.seal(crypto(i, []byte{byte(i)})))
	}
	f.ready(0, []byte{0, 1, 2, 3, 4, 5, 6, 7, 8})
}

// A post-quantum hello takes two datagrams, and Chrome shuffles its frames.
func TestHelloInAnyOrder(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 0))
		var frames [][]byte
		for at := 0; at < len(hello); {
			n := min(1+random.IntN(200), len(hello)-at)
			from := max(at-random.IntN(30), 0) // they may overlap
			frames = append(frames, crypto(from, hello[from:at+n]))
			if random.IntN(3) == 0 {
				frames = append(frames, []byte{framePing}, padding(random.IntN(40)))
			}
			at += n
		}
		random.Shuffle(len(frames), func(i, j int) { frames[i], frames[j] = frames[j], frames[i] })
		half := random.IntN(len(frames))
		packets := [][]byte{fromClient().seal(frames[:half]...), fromClient().seal(frames[half:]...)}
		f := follow(t)
		for _, i := range random.Perm(2) {
			f.push(0, Opened, packets[i])
			f.push(0, Opened, packets[i]) // doubled
		}
		f.ready(0, hello)
	}
}

// Bytes are read as soon as they are in order, and those after them later.
func TestConsume(t *testing.T) {
	f := follow(t)
	f.push(0, Opened, fromClient().seal(crypto(0, hello[:100]), crypto(300, hello[300:400])))
	f.ready(0, hello[:100])
	f.Consume(0, 60)
	f.ready(0, hello[60:100])
	f.Consume(0, 40)
	f.ready(0, nil)
	f.push(0, Opened, fromClient().seal(crypto(50, hello[50:300])))
	f.ready(0, hello[100:400])
	f.Consume(0, 300)
	f.push(0, Opened, fromClient().seal(crypto(0, hello[:420])))
	f.ready(0, hello[400:420])
}

func TestBoundsOfCrypto(t *testing.T) {
	f := follow(t)
	f.push(0, Opened, fromClient().seal(crypto(MaxBuffered-10, hello[:10])))
	if f.Overflow() {
		t.Error("overflow within the bound")
	}
	f.push(0, Opened, fromClient().seal(crypto(MaxBuffered-10, hello[:11]), crypto(1<<62-1, hello[:1])))
	if !f.Overflow() {
		t.Error("no overflow")
	}
	for i := range 200 {
		f.push(0, Opened, fromClient().seal(crypto(2+2*i, hello[2+2*i:][:1])))
	}
	if n := f.Held(); n > connectionSize+2*openerSize+2*(MaxBuffered+16*2*maxPieces) {
		t.Errorf("%d bytes are held", n)
	}
	f.push(0, Opened, fromClient().seal(crypto(0, hello[:300])))
	f.ready(0, hello[:300])
}

// The server's Initial packet and the first of its Handshake packets share a datagram.
func TestCoalesced(t *testing.T) {
	f := follow(t)
	f.push(0, Opened, fromClient().seal(crypto(0, hello)), zeroRTTPacket())
	if !f.ZeroRTT || f.Protected(0) {
		t.Error("0-RTT:", f.ZeroRTT, "protected:", f.Protected(0))
	}
	f.push(1, Opened, fromServer().seal([]byte{frameACK, 0, 0, 0, 0}, crypto(0, answer)), longPacket(0xe0), []byte("\x40short"))
	f.ready(1, answer)
	f.push(0, Opened, fromClient().seal([]byte{frameACKECN, 0, 0, 1, 0, 0, 0, 0, 0, 0}), longPacket(0xe0))
	if !f.Protected(0) || !f.Protected(1) {
		t.Error("protected:", f.Protected(0), f.Protected(1))
	}
}

func longPacket(first byte) []byte {
	b := binary.BigEndian.AppendUint32([]byte{first}, uint32(V1))
	return append(b, append([]byte{0, 0, 20}, padding(20)...)...)
}

func zeroRTTPacket() []byte { return longPacket(0xd0) }

func retryPacket() []byte {
	b := binary.BigEndian.AppendUint32([]byte{0xf0}, uint32(V1))
	b = append(append(b, byte(len(clientID))), clientID...)
	b = append(append(b, byte(len(serverID))), serverID...)
	return append(b, "token and its tag of sixteen bytes"...)
}

func negotiationPacket(dcid, scid []byte, versions ...Version) []byte {
	b := append([]byte{0x80, 0, 0, 0, 0, byte(len(dcid))}, dcid...)
	b = append(append(b, byte(len(scid))), scid...)
	for _, v := range versions {
		b = binary.BigEndian.AppendUint32(b, uint32(v))
	}
	return b
}

// After a Retry the client sends its hello again, to the id that the server chose.
func TestRetry(t *testing.T) {
	f := follow(t)
	f.push(0, Opened, fromClient().seal(crypto(0, hello[:900])))
	f.push(1, 0, retryPacket())
	f.push(0, Opened, fromClient().seal(crypto(0, hello[:900]))) // came late
	x, y := fromClient(), fromServer()
	x.of, x.dcid, y.of, x.token = serverID, serverID, serverID, []byte("token")
	f.push(0, Opened, x.seal(crypto(0, hello)))
	f.push(1, Opened, y.seal(crypto(0, answer)))
	f.ready(0, hello)
	f.ready(1, answer)
	if !f.Retried {
		t.Error("no Retry")
	}
}

// A server may send a Retry for each packet of a hello. The client takes the first, and the
// capture may have another one before it.
func TestTwoRetries(t *testing.T) {
	f := follow(t)
	f.push(0, Opened, fromClient().seal(crypto(0, hello[:900])))
	f.push(1, 0, retryPacket())
	taken := []byte("\x04the other one")
	x, y := fromClient(), fromServer()
	x.of, x.dcid, y.of = taken, taken, taken
	f.push(0, Opened, fromClient().seal(crypto(0, hello[:900])))
	f.push(0, Opened, x.seal(crypto(0, hello)))
	f.push(1, Opened, y.seal(crypto(0, answer)))
	f.ready(0, hello)
	f.ready(1, answer)
}

// A Retry that answers nothing is another's, or forged.
func TestStrayRetry(t *testing.T) {
	f := follow(t)
	f.push(1, 0, retryPacket())
	f.push(0, Opened, fromClient().seal(crypto(0, hello)))
	f.push(0, 0, retryPacket())
	f.push(1, Opened, fromServer().seal(crypto(0, answer)))
	f.push(1, 0, retryPacket())
	if f.Retried {
		t.Error("a Retry")
	}
}

// The server answers with the keys of the client's first packet: the Retry before was forged.
func TestForgedRetry(t *testing.T) {
	f := follow(t)
	f.push(0, Opened, fromClient().seal(crypto(0, hello)))
	f.push(1, 0, retryPacket())
	f.push(1, Opened, fromServer().seal(crypto(0, answer[:9])))
	f.push(1, Opened, fromServer().seal(crypto(9, answer[9:])))
	f.ready(1, answer)
	if f.Retried {
		t.Error("a Retry")
	}
}

// After a Version Negotiation the client begins anew.
func TestNegotiation(t *testing.T) {
	other := []byte("other-id-of-the-client")[:MaxID]
	for _, id := range [][]byte{firstID, other} {
		f := follow(t)
		x := fromClient()
		x.version = V2
		f.push(0, Opened, x.seal(crypto(0, hello[:500])))
		f.push(1, 0, negotiationPacket(clientID, firstID, V1, 0x0a1a2a3a))
		f.push(0, Opened, x.seal(closeFrame(1))) // as quic-go does
		x = sealed{version: V1, of: id, dcid: id, scid: clientID}
		f.push(0, Opened|Restarted, x.seal(crypto(0, hello[700:900])))
		f.push(1, Opened, sealed{version: V1, of: id, dcid: clientID, scid: serverID, fromServer: true}.seal(crypto(0, answer)))
		f.ready(0, hello[700:900])
		f.ready(1, answer)
		if !f.Negotiated || f.Version != V1 || f.Closed() {
			t.Error(f.Negotiated, f.Version)
		}
	}
}

// A server may go on in another version without a Version Negotiation (RFC 9368, 2.3).
func TestCompatibleNegotiation(t *testing.T) {
	f := follow(t)
	f.push(0, Opened, fromClient().seal(crypto(0, hello[:500])))
	x, y := fromClient(), fromServer()
	x.version, y.version = V2, V2
	f.push(1, Opened, y.seal(crypto(0, answer[:5])))
	f.push(0, Opened, fromClient().seal(crypto(500, hello[500:600])))
	x.dcid = serverID
	f.push(0, Opened, x.seal(crypto(600, hello[600:700])))
	f.push(1, Opened, y.seal(crypto(5, answer[5:])))
	f.ready(0, hello[:700])
	f.ready(1, answer)
	if f.Version != V2 || f.Negotiated {
		t.Error(f.Version, f.Negotiated)
	}
}

// The capture may have the server's packets first, or the client's later ones.
func TestServerFirst(t *testing.T) {
	f := follow(t)
	f.push(1, Waits, fromServer().seal(crypto(0, answer)))
	f.push(0, Opened, fromClient().seal(crypto(0, hello)))
	f.ready(0, hello)
	f.ready(1, answer)

	f = follow(t)
	later := fromClient()
	later.dcid = serverID
	f.push(0, Waits, later.seal(crypto(500, hello[500:])))
	f.push(0, Opened, fromClient().seal(crypto(0, hello[:500])))
	f.ready(0, hello)
	for range 100 {
		f.Connection = Connection{}
		for range 100 {
			f.push(1, Waits, fromServer().seal(crypto(0, answer), padding(500)))
		}
		if n := f.Held(); n > connectionSize+2*maxHeld {
			t.Fatalf("%d bytes are held", n)
		}
	}
}

// A program that uses one port for all of its connections opens another one.
func TestAnother(t *testing.T) {
	second := []byte("second-id")
	other := sealed{version: V1, of: second, dcid: second, scid: clientID}.seal(crypto(0, answer))
	for d := range Dir(2) {
		f := follow(t)
		f.push(0, Opened, fromClient().seal(crypto(0, hello[:300])))
		f.push(d, Another, other)
		f.push(1, Opened, fromServer().seal(crypto(0, answer)))
		f.push(0, Opened, fromClient().seal(crypto(300, hello[300:])))
		f.ready(0, hello)
		f.ready(1, answer)
	}
}

func TestClose(t *testing.T) {
	for _, tt := range []struct {
		code  uint64
		alert int
	}{{0x0100 + 70, 70}, {0x0178, 120}, {0x02, -1}, {0x0a, -1}, {0x1ff, 255}, {0x200, -1}} {
		f := follow(t)
		f.push(0, Opened, fromClient().seal(crypto(0, hello)))
		f.push(1, Opened, fromServer().seal(closeFrame(tt.code)))
		got := -1
		if a, ok := f.Alert(1); ok {
			got = int(a)
		}
		if got != tt.alert || !f.Closed() {
			t.Errorf("%#x: alert %d, want %d; closed %v", tt.code, got, tt.alert, f.Closed())
		}
	}
	f := follow(t)
	f.push(0, Opened, fromClient().seal([]byte{frameAppEnd, 0x41, 0x46, 0}))
	if _, ok := f.Alert(0); ok || !f.Closed() {
		t.Error("an application's code is an alert")
	}
}

// What the snapshot length cut cannot be opened, and what is in front of it can.
func TestCutPacket(t *testing.T) {
	f := follow(t)
	packet := fromClient().seal(crypto(0, hello))
	if s := f.Push(0, packet[:300], len(packet)-300, &f.pool); s != Cut {
		t.Errorf("%b", s)
	}
	if s := f.Push(0, packet[:300], len(packet)-301, &f.pool); s != 0 {
		t.Errorf("longer than the datagram: %b", s)
	}
	first := fromClient().seal(crypto(0, hello[:10]))
	both := append(slices.Clone(first), packet...)
	if s := f.Push(0, both[:len(first)+100], len(both)-len(first)-100, &f.pool); s != Opened|Cut {
		t.Errorf("%b", s)
	}
}

func TestChangedPacket(t *testing.T) {
	packet := fromClient().seal(crypto(0, hello[:100]), padding(1000))
	for i := range packet {
		f := follow(t)
		changed := slices.Clone(packet)
		changed[i] ^= 0x40
		if s := f.Push(0, changed, 0, &f.pool); s&Opened != 0 && i != 0 {
			t.Errorf("byte %d: %b", i, s)
		}
	}
}

func TestLook(t *testing.T) {
	long := func(v Version, dcid int, n int) []byte {
		b := binary.BigEndian.AppendUint32([]byte{0xc0}, uint32(v))
		b = append(b, byte(dcid))
		return append(b, padding(n)...)
	}
	for i, tt := range []struct {
		b    []byte
		want Kind
	}{
		{nil, Foreign}, {[]byte{0xc0, 0, 0, 0, 1, 0}, Foreign}, {[]byte{0xc0, 0, 0, 0, 1, 0, 0}, Initial}, {[]byte{0xf0, 0, 0, 0, 1, 0, 0}, Long},
		{long(V1, 8, 100), Initial}, {long(V2, 0, 20), Long}, {long(negotiation, 8, 40), Long},
		{long(0x51303436, 8, 100), Google}, {long(0x51303530, 8, 100), Google}, {long(0x54303530, 8, 100), Initial},
		{append([]byte("\x0d12345678Q043"), 1), Google}, {[]byte("\x0912345678Q025"), Google}, {[]byte("\x0912345678Q0A5"), Foreign},
		{[]byte("\x0812345678Q025"), Foreign}, {[]byte("\x0d12345678Q04"), Foreign},
		{long(0x1a2a3a4a, 8, 1300), Unknown}, {long(0x1a2a3a4a, 8, 1000), Foreign}, {long(0x1a2a3a4a, 7, 1300), Foreign},
		{long(0x12345678, 8, 1300), Foreign}, // its length is zero
		{append(long(0x12345678, 8, 9), append([]byte{0, 0x45, 0}, padding(1280)...)...), Unknown},
		{[]byte("\x16\xfe\xfd\x00\x00\x00\x00\x00"), Foreign}, // DTLS
		{[]byte("\x40 a short header"), Foreign},
		{append([]byte{0x80, 0x60}, padding(1300)...), Foreign}, // RTP
	} {
		if k, _ := Look(tt.b, 0); k != tt.want {
			t.Errorf("%d: %d, want %d", i, k, tt.want)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	unknown := 0
	b := make([]byte, 1300)
	for range 200_000 {
		for i := range 60 {
			b[i] = byte(random.Uint32())
		}
		if k, _ := Look(b, 0); k != Foreign {
			unknown++
		}
	}
	if unknown > 20 {
		t.Errorf("%d of 200,000 random datagrams look like QUIC", unknown)
	}
}

// In steady state only the keys allocate.
func TestAllocations(t *testing.T) {
	var p Pool
	var c Connection
	client, server := fromClient().seal(crypto(0, hello[:1000])), fromServer().seal(crypto(0, answer))
	whole := testing.AllocsPerRun(100, func() {
		c.Push(0, client, 0, &p)
		c.Push(1, server, 0, &p)
		c.Consume(0, len(c.Ready(0)))
		c.Consume(1, len(c.Ready(1)))
		c.Close(&p)
	})
	if whole > 40 { // 36 without the race detector
		t.Errorf("%v allocations for a connection", whole)
	}
	c.Push(0, client, 0, &p)
	if n := testing.AllocsPerRun(100, func() { c.Push(0, client, 0, &p) }); n != 0 {
		t.Errorf("%v allocations for a packet more", n)
	}
	if n := testing.AllocsPerRun(100, func() { Look(client, 0) }); n != 0 {
		t.Errorf("%v allocations for a look", n)
	}
}

func ExampleConnection() {
	var (
		pool Pool
		c    Connection
	)
	datagram := fromClient().seal(crypto(0, []byte("a ClientHello")), padding(1100))
	if kind, version := Look(datagram, 0); kind == Initial {
		fmt.Println(version)
	}
	if c.Push(0, datagram, 0, &pool)&Opened != 0 {
		fmt.Printf("%s\n", c.Ready(0))
	}
	// Output:
	// v1
	// a ClientHello
}
