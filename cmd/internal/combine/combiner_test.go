package combine

import (
	"fmt"
	"math"
	"math/rand"
	"net/netip"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"tlsfloor/classify"
	"tlsfloor/parse"
)

const second = int64(time.Second)

// finding is one of client n, at a time in seconds.
func finding(n int, at float64) *classify.Finding {
	f := &classify.Finding{Verdict: classify.Violation, Flagged: true, InScope: true, Reason: "selected TLSv1", Host: "sqs.eu-west-1.amazonaws.com"}
	f.Time = int64(at * float64(second))
	f.Client = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), uint16(f.Time/second))
	f.Server = netip.MustParseAddrPort("52.94.1.2:443")
	return f
}

// recorder is a Combiner whose findings are kept.
type recorder struct {
	*Combiner
	sent []string
	sum  uint64
}

func record(every time.Duration, bytes int64) *recorder {
	r := new(recorder)
	r.Combiner = New(Options{Every: every, Bytes: bytes, Send: func(f *classify.Finding) {
		s := f.Times()
		r.sum += s.Count
		text := fmt.Sprintf("%s at %d", f.Client.Addr(), f.Time/second)
		if f.Series != nil {
			text += fmt.Sprintf(": %d from %d to %d", s.Count, s.First/second, s.Last/second)
		}
		r.sent = append(r.sent, text)
		*f = classify.Finding{} // it is used again
	}})
	return r
}

// at adds findings of clients at a time in seconds.
func (r *recorder) at(when int64, clients ...int) {
	r.Advance(when * second)
	for _, n := range clients {
		r.Add(finding(n, float64(when)))
	}
}

// The first finding goes at once, the others at the end of the period, and a client that
// was silent for a whole period is new again.
func TestPeriods(t *testing.T) {
	r := record(time.Minute, math.MaxInt32)
	for _, when := range []int64{0, 10, 20, 59, 60, 70, 185, 190, 1000, 2000, 2001} {
		r.at(when, 1)
	}
	r.at(2002, 2)
	r.Settle(2002 * second)
	if got := r.Stats(); got != (Stats{Held: 1, Flagged: 1}) {
		t.Errorf("%+v", got)
	}
	r.Close()
	want := []string{
		"10.0.0.1 at 0", "10.0.0.1 at 59: 3 from 10 to 59", "10.0.0.1 at 70: 2 from 60 to 70",
		"10.0.0.1 at 185", "10.0.0.1 at 190", "10.0.0.1 at 1000", "10.0.0.1 at 2000", "10.0.0.2 at 2002", "10.0.0.1 at 2001",
	}
	if !slices.Equal(r.sent, want) || r.sum != 12 {
		t.Errorf("%d: %s", r.sum, strings.Join(r.sent, "\n"))
	}
	r.at(3000, 1)
	r.at(3000, 1)
	if r.sum != 14 || r.Stats() != (Stats{}) {
		t.Errorf("after Close: %d, %+v", r.sum, r.Stats())
	}
}

// A finding is not held until the time moves on: nobody hears later of a new client.
func TestFirstIsSentAtOnce(t *testing.T) {
	r := record(time.Hour, math.MaxInt32)
	r.at(0, 1)
	r.Settle(0)
	if len(r.sent) != 1 {
		t.Errorf("%d were sent", len(r.sent))
	}
	r.at(1, 1, 2)
	r.Advance(1*second + 1)
	if want := []string{"10.0.0.1 at 0", "10.0.0.2 at 1"}; !slices.Equal(r.sent, want) {
		t.Errorf("%q", r.sent)
	}
}

// The last finding is that with the latest time, also where it came earlier: a handshake
// that nobody answers is known after 90 seconds.
func TestLateFindings(t *testing.T) {
	r := record(time.Hour, math.MaxInt32)
	r.at(1000, 1, 1)
	r.Advance(1001 * second)
	r.Add(finding(1, 910))
	r.Close()
	if want := []string{"10.0.0.1 at 1000", "10.0.0.1 at 1000: 2 from 910 to 1000"}; !slices.Equal(r.sent, want) {
		t.Errorf("%q", r.sent)
	}
}

// Findings that came at one time may have come in any order.
func TestOrderOfOneTime(t *testing.T) {
	run := func(seed int64) []string {
		order, stream := rand.New(rand.NewSource(seed)), rand.New(rand.NewSource(1))
		r := record(30*time.Second, math.MaxInt32)
		for when := int64(0); when < 500; when += stream.Int63n(20) {
			var all []*classify.Finding
			for range stream.Intn(40) {
				all = append(all, finding(stream.Intn(10), float64(when)-stream.Float64()*90))
			}
			order.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			r.Advance(when * second)
			for _, f := range all {
				r.Add(f)
			}
		}
		r.Close()
		return r.sent
	}
	want := run(1)
	for seed := range int64(20) {
		if got := run(seed); !slices.Equal(got, want) {
			t.Fatalf("%d: %d and %d", seed, len(got), len(want))
		}
	}
}

// What makes findings different.
func TestUnlike(t *testing.T) {
	base := func() *classify.Finding {
		f := finding(1, 0)
		f.Software = &classify.Software{Name: "curl", Version: "7.88.1"}
		f.Process = &classify.Process{PID: 7, Executable: "/usr/bin/curl", CommandLine: []string{"curl", "a"}, User: "svc"}
		return f
	}
	for name, change := range map[string]struct {
		change func(*classify.Finding)
		alike  bool
	}{
		"the port":            {func(f *classify.Finding) { f.Client = netip.AddrPortFrom(f.Client.Addr(), 9) }, true},
		"the server":          {func(f *classify.Finding) { f.Server = netip.MustParseAddrPort("52.94.1.9:443") }, true},
		"the outcome":         {func(f *classify.Finding) { f.Outcome = classify.Refused }, true},
		"the process":         {func(f *classify.Finding) { f.Process.PID, f.Process.CommandLine = 8, []string{"curl", "b"} }, true},
		"the client":          {func(f *classify.Finding) { f.Client = netip.MustParseAddrPort("10.0.0.9:1") }, false},
		"the server's port":   {func(f *classify.Finding) { f.Server = netip.MustParseAddrPort("52.94.1.2:8443") }, false},
		"the name":            {func(f *classify.Finding) { f.Host = "sns.eu-west-1.amazonaws.com" }, false},
		"the verdict":         {func(f *classify.Finding) { f.Verdict = classify.Attempt }, false},
		"the version":         {func(f *classify.Finding) { f.Reason = "selected SSLv3" }, false},
		"something unusual":   {func(f *classify.Finding) { f.Anomalies = []string{"downgrade"} }, false},
		"the fix":             {func(f *classify.Finding) { f.Fix = classify.FixServer }, false},
		"the software":        {func(f *classify.Finding) { f.Software = &classify.Software{Name: "curl", Version: "8"} }, false},
		"the program":         {func(f *classify.Finding) { f.Process.Executable = "/opt/curl" }, false},
		"the user":            {func(f *classify.Finding) { f.Process.User = "root" }, false},
		"an exception":        {func(f *classify.Finding) { f.Flagged, f.Exception = false, &classify.Exception{Owner: "a"} }, false},
		"out of scope":        {func(f *classify.Finding) { f.Flagged = false }, false},
		"nothing, but a port": {func(f *classify.Finding) {}, true},
	} {
		r := record(time.Hour, math.MaxInt32)
		other := base()
		change.change(other)
		r.Advance(0)
		r.Add(base())
		r.Add(other)
		r.Settle(0)
		if alike := len(r.sent) == 1; alike != change.alike {
			t.Errorf("%s: alike: %v", name, alike)
		}
	}
}

// However many clients there are, the memory stays below its bound, and nothing is lost.
func TestBound(t *testing.T) {
	const bound = 4 << 20
	long := strings.Repeat("x", 5000)
	r := record(time.Hour, bound)
	const clients = 20_000
	for n := range clients {
		r.at(int64(n), n, n/2, n/3)
		if n%4000 == 0 {
			f := finding(n/2, float64(n))
			f.SNI, f.Hello = long, &classify.ClientHello{ALPN: slices.Repeat([]string{long[:100]}, 100), Versions: []parse.Version{1}}
			r.Add(f)
		}
	}
	r.mu.Lock()
	if r.bytes > bound || r.bytes < bound/2 {
		t.Errorf("%d bytes", r.bytes)
	}
	r.mu.Unlock()
	r.Close()
	if want := uint64(3*clients + clients/4000); r.sum != want || r.Stats().Alone == 0 || r.Stats().Held != 0 {
		t.Errorf("%d of %d, %+v", r.sum, want, r.Stats())
	}
	if r.bytes != 0 || len(r.open) != 0 {
		t.Errorf("%d bytes, %d periods remain", r.bytes, len(r.open))
	}
}

// Periods and findings take no more memory than is counted.
func TestWeights(t *testing.T) {
	c := New(Options{Every: time.Hour, Bytes: math.MaxInt64, Send: func(*classify.Finding) {}})
	c.Advance(0)
	before := heapSize()
	const n = 20_000
	for i := range n {
		f, again := finding(i, 0), finding(i, 0)
		again.SNI = strings.Repeat("x", i%1000)
		c.Add(f)
		c.Add(again)
	}
	c.Settle(0)
	took := heapSize() - before
	t.Logf("%d bytes for each, %d are counted", took/n, c.bytes/n)
	if took > c.bytes {
		t.Errorf("%d bytes are counted, and %d taken", c.bytes, took)
	}
	runtime.KeepAlive(c)
}

func heapSize() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// The weight counts each text of a finding.
func TestWeightOfTexts(t *testing.T) {
	f := finding(1, 0)
	f.Hello, f.Answer, f.Certificate = &classify.ClientHello{}, &classify.ServerHello{}, &classify.Certificate{}
	f.Process, f.Copies, f.Names = &classify.Process{Parents: make([]classify.Parent, 1)}, make([]classify.Place, 1), make([]classify.Name, 1)
	const long = 1 << 20
	shared := map[string]bool{"Software": true, "Advice": true, "AWS": true, "Exception": true, "Series": true, "Return": true}
	own := map[string]bool{"Source": true, "StartTLS": true, "JA3": true, "JA4": true, "JA3S": true, "Resumed": true, "SHA256": true, "SHA1": true, "History": true}
	var walk func(name string, v reflect.Value)
	walk = func(name string, v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			before := v.String()
			v.SetString(strings.Repeat("x", long))
			if n := weigh(f); n < long && !own[name] {
				t.Errorf("%s weighs nothing", name)
			}
			v.SetString(before)
		case reflect.Slice:
			if v.Len() == 0 {
				v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			}
			walk(name, v.Index(0))
		case reflect.Pointer:
			if !v.IsNil() && !shared[name] {
				walk(name, v.Elem())
			}
		case reflect.Struct:
			for i := range v.NumField() {
				if v.Type().Field(i).IsExported() {
					walk(v.Type().Field(i).Name, v.Field(i))
				}
			}
		}
	}
	walk("", reflect.ValueOf(f).Elem())
}

// Whatever comes at whatever time, what is sent and what is held add up, each kind is sent
// once in a period after its first finding, and nothing is held after the end.
func FuzzCombiner(f *testing.F) {
	f.Add([]byte{1, 0, 1, 1, 1, 0, 200, 2, 1, 255, 0, 1}, int64(0), uint16(4))
	f.Add([]byte{1, 1, 1, 1, 1, 2, 2, 2, 255, 255, 255, 1}, int64(math.MaxInt64-100), uint16(64))
	f.Add([]byte{1, 1, 1, 1, 1, 2, 2, 2, 255, 255, 255, 1}, int64(math.MinInt64), uint16(64))
	f.Fuzz(func(t *testing.T, steps []byte, from int64, room uint16) {
		r := record(10*time.Second, int64(room)<<10)
		now, added := from, uint64(0)
		for _, b := range steps {
			switch {
			case b > 250: // far ahead, or back
				now += int64(b-252) * 1e18
				r.Advance(now)
			case b > 200:
				now += int64(b-200) * second
				r.Settle(now)
			default:
				f := finding(int(b%8), 0)
				f.Time, f.Flagged = now, b%3 > 0
				r.Add(f)
				added++
			}
			if s := r.Stats(); r.sum+s.Held != added || s.Flagged > s.Held {
				t.Fatalf("%d came, %d were sent, %+v", added, r.sum, s)
			}
			if len(r.ends) != len(r.open) || r.bytes > int64(room)<<10 && len(r.together) > 0 {
				t.Fatalf("%d and %d periods, %d bytes", len(r.ends), len(r.open), r.bytes)
			}
		}
		r.Close()
		if s := r.Stats(); r.sum != added || s.Held != 0 || s.Flagged != 0 || r.bytes != 0 {
			t.Fatalf("%d came, %d were sent, %+v, %d bytes", added, r.sum, s, r.bytes)
		}
	})
}

func BenchmarkAdd(b *testing.B) {
	c := New(Options{Every: time.Hour, Bytes: 16 << 20, Send: func(*classify.Finding) {}})
	f := finding(1, 0)
	b.ReportAllocs()
	for i := range b.N {
		c.Advance(int64(i))
		c.Add(f)
	}
}
