package parse

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
)

func nextPart(s *RecordStream, data *[]byte) (p Part, ok bool, err error) {
	ok, err = s.Next(data, &p)
	return p, ok, err
}

// readStream feeds data in pieces of n bytes, and returns each record once it
// is complete.
func readStream(data []byte, n int) (records []string, err error) {
	var s RecordStream
	var fragment []byte
	for len(data) > 0 {
		k := min(n, len(data))
		piece := data[:k]
		for {
			p, ok, err := nextPart(&s, &piece)
			if err != nil {
				return records, err
			}
			if !ok {
				break
			}
			if p.First {
				fragment = nil
			}
			fragment = append(fragment, p.Fragment...)
			if p.Last {
				records = append(records, fmt.Sprintf("%d %v %d %x", p.Type, p.Version, p.Length, fragment))
			}
		}
		data = data[k:]
	}
	return records, nil
}

func TestRecordStreamAnyCut(t *testing.T) {
	data := cat(record(Handshake, fill(70)), record(AlertRecord, []byte{1, 112}), record(ApplicationData, nil),
		record(AlertRecord, fill(19)), record(AlertRecord, []byte{2, 40}))
	want, err := readStream(data, len(data))
	if err != nil || len(want) != 5 {
		t.Fatalf("%d records, %v", len(want), err)
	}
	for n := 1; n < len(data); n++ {
		if got, err := readStream(data, n); err != nil || !slices.Equal(got, want) {
			t.Fatalf("pieces of %d bytes: %q, %v", n, got, err)
		}
	}
}

func TestRecordStreamDoesNotWait(t *testing.T) {
	body := serverHello()
	data := record(Handshake, cat(message(TypeServerHello, body), message(TypeCertificate, fill(6000))))[:1400]
	var s RecordStream
	p, ok, err := nextPart(&s, &data)
	if !ok || err != nil || !p.First || p.Last || p.Length != len(body)+6008 {
		t.Fatalf("%+v %v %v", p, ok, err)
	}
	var m Messages
	if msg, ok := nextMessage(&m, &p.Fragment); !ok || !bytes.Equal(msg.Body, body) {
		t.Errorf("ServerHello not found in the first segment: %+v", msg)
	}
}

func TestRecordStreamHeaderAlone(t *testing.T) {
	data := []byte{23, 3, 3, 0, 9}
	var s RecordStream
	if p, ok, err := nextPart(&s, &data); !ok || err != nil || !p.First || p.Last || p.Type != ApplicationData {
		t.Errorf("%+v %v %v", p, ok, err)
	}
	if _, ok, err := nextPart(&s, &data); ok || err != nil {
		t.Errorf("found more in nothing: %v", err)
	}
}

func TestRecordStreamAlertComesWhole(t *testing.T) {
	var s RecordStream
	for _, piece := range [][]byte{{21, 3, 1, 0, 2}, {2}} {
		if p, ok, err := nextPart(&s, &piece); ok || err != nil {
			t.Fatalf("%+v, %v", p, err)
		}
	}
	piece := []byte{70}
	p, ok, _ := nextPart(&s, &piece)
	if !ok || !p.First || !p.Last || !bytes.Equal(p.Fragment, []byte{2, 70}) {
		t.Errorf("%+v", p)
	}
}

func TestRecordStreamEndsAtWhatIsNoTLS(t *testing.T) {
	var s RecordStream
	data := cat(record(Handshake, fill(3)), []byte("GET /"))
	if _, ok, err := nextPart(&s, &data); !ok || err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, ok, err := nextPart(&s, &data); ok || err != errNotTLS {
			t.Errorf("%v, %v", ok, err)
		}
		data = record(Handshake, fill(3))
	}
}

func TestRecordStreamOversized(t *testing.T) {
	data := record(ApplicationData, make([]byte, MaxFragment+1))
	var s RecordStream
	if p, ok, err := nextPart(&s, &data); !ok || err != nil || !p.Oversized() || !p.Last {
		t.Errorf("%v %v", ok, err)
	}
}

func TestRecordStreamAllocatesNothing(t *testing.T) {
	data := cat(record(Handshake, fill(70)), record(AlertRecord, []byte{1, 112}))
	var s RecordStream
	if n := testing.AllocsPerRun(100, func() {
		for rest := data; len(rest) > 0; {
			if _, ok, err := nextPart(&s, &rest); !ok || err != nil {
				t.Fatal(err)
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestClear checks that protected records and messages in clear are told apart, and that
// for the beginning of a record the result is the same or Maybe.
func TestClear(t *testing.T) {
	protected := bytes.Repeat([]byte{0xa5, 0x5a}, 20)
	for name, tc := range map[string]struct {
		fragment []byte
		want     Match
	}{
		"an unknown type":          {protected, No},
		"a known type":             {cat([]byte{20}, protected), No},
		"a nonce of zeros":         {cat(make([]byte, 8), protected), No},
		"a small nonce":            {cat([]byte{7: 1}, protected), No},
		"a ClientHello's type":     {cat([]byte{1}, protected), No},
		"a certificate's type":     {cat([]byte{11}, protected), No},
		"a ClientHello":            {message(TypeClientHello, clientHello()), Yes},
		"one that goes on":         {message(TypeClientHello, clientHello())[:20], Yes},
		"a ServerHello and more":   {cat(message(TypeServerHello, serverHello()), message(TypeCertificate, fill(900))), Yes},
		"a certificate":            {message(TypeCertificate, fill(900)), Yes},
		"one over several records": {message(TypeCertificate, fill(9000))[:4000], Yes},
		"a header that goes on":    {message(TypeCertificate, fill(9000))[:3], Yes},
		"HelloRequests":            {cat(message(TypeHelloRequest, nil), message(TypeHelloRequest, nil)), Yes},
		"one, and a ServerHello":   {cat(message(TypeHelloRequest, nil), message(TypeServerHello, serverHello())), Yes},
		"ServerHelloDone":          {message(typeServerHelloDone, nil), Yes},
	} {
		t.Run(name, func(t *testing.T) { checkClear(t, tc.fragment, tc.want) })
	}
}

// checkClear compares the result for each beginning of a handshake record with want.
func checkClear(t *testing.T, fragment []byte, want Match) {
	t.Helper()
	for n := range len(fragment) + 1 {
		p := Part{Type: Handshake, First: true, Length: len(fragment), Fragment: fragment[:n]}
		if m := p.Clear(); m != want && (m != Maybe || n == len(fragment)) {
			t.Errorf("%d bytes: %v, want %v", n, m, want)
		}
	}
}

// FuzzRecordStream checks that the records are the same however the stream is
// cut, and those that ReadRecord reads.
func FuzzRecordStream(f *testing.F) {
	f.Add(cat(record(Handshake, fill(70)), record(AlertRecord, []byte{1, 112})), uint8(7))
	f.Add(cat(record(ApplicationData, nil), []byte("GET / HTTP/1.1")), uint8(1))
	f.Add([]byte{22, 3, 1, 0xff, 0xff, 1, 2, 3}, uint8(2))
	f.Fuzz(func(t *testing.T, data []byte, n uint8) {
		whole, wholeErr := readStream(data, len(data)+1)
		cut, cutErr := readStream(data, int(n)+1)
		if !slices.Equal(whole, cut) || wholeErr != cutErr {
			t.Fatalf("whole %q %v, cut %q %v", whole, wholeErr, cut, cutErr)
		}
		for i := 0; ; i++ {
			r, size, err := ReadRecord(data)
			if err != nil {
				return
			}
			if want := fmt.Sprintf("%d %v %d %x", r.Type, r.Version, len(r.Fragment), r.Fragment); whole[i] != want {
				t.Fatalf("record %d: %s, want %s", i, whole[i], want)
			}
			if r.Type == Handshake {
				fragment := r.Fragment[:min(len(r.Fragment), 200)]
				p := Part{Length: len(fragment), Fragment: fragment}
				checkClear(t, fragment, p.Clear())
			}
			data = data[size:]
		}
	})
}
