package jsontext

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// everything reads a value of any kind as encoding/json does.
func everything(r *Reader) any {
	switch r.peek() {
	case '{':
		object := map[string]any{}
		for r.Object(); r.Member(); {
			key := string(r.Key())
			object[key] = everything(r)
		}
		return object
	case '[':
		list := []any{}
		for r.Array(); r.Element(); {
			list = append(list, everything(r))
		}
		return list
	case '"':
		return r.Text()
	}
	switch text := string(r.literal()); text {
	case "true", "false":
		return text == "true"
	case "null", "":
		return nil
	default:
		return json.Number(text)
	}
}

// A text is read, and passed over, if encoding/json can read it, with the same result.
func FuzzReader(f *testing.F) {
	for _, text := range []string{
		`{"a":[1,-2.5e+10,true,false,null,"x"],"b":{"c":{}}}`, `["\u00e9\ud83d\ude00\ud800x\ud800\u0041\\\/\"\b\f\n\r\t"]`, "\"\x80\xc3\xa9\x7f\"", "\"\x1f\"",
		` { } `, `[1,]`, `[,1]`, `{"a"}`, `{"a":1,}`, `{"a":1 "b":2}`, `{a:1}`, `01`, `1.`, `1e`, `-`, `.5`, `+1`, `tru`, `truefalse`, `1 2`, `"\u12"`, `"\x"`, `"`, `"\`, `[`, `{`, `]`, "",
		strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth), `[1}`, `{"a":1]`, `{"a":1}}`, `{"\u0061":1,"a":2}`, `1e999`, `18446744073709551616`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if bytes.Count(text, []byte("["))+bytes.Count(text, []byte("{")) > maxDepth {
			return
		}
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		var want any
		valid := json.Valid(text) && d.Decode(&want) == nil
		r := NewReader(text)
		if got := everything(&r); r.Whole() != valid || valid && !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %#v, want %#v (%v)", text, got, want, valid)
		}
		r = NewReader(text)
		if r.Skip(); r.Whole() != valid {
			t.Errorf("%q: passed over: %v, want %v", text, r.Whole(), valid)
		}
	})
}

// What the appenders write comes back.
func FuzzReaderReturns(f *testing.F) {
	f.Add("\x1b[31m\"\\", "caf\u00e9 \U0001f600 \xff\xc3", uint64(1<<63))
	f.Fuzz(func(t *testing.T, wire, local string, n uint64) {
		line := append(strconv.AppendUint([]byte{'['}, n, 10), ',')
		line = append(AppendQuoted(append(AppendQuotedWire(line, wire), ','), local), ']')
		r := NewReader(line)
		r.Array()
		r.Element()
		if got, ok := r.Uint(1<<64 - 1); got != n || !ok {
			t.Errorf("%d, want %d", got, n)
		}
		r.Element()
		if got := r.Wire(); got != wire {
			t.Errorf("%q, want %q", got, wire)
		}
		r.Element()
		if got := r.Text(); got != LocalText(local) {
			t.Errorf("%q, want %q", got, LocalText(local))
		}
		if r.Element() || !r.Whole() {
			t.Errorf("%q was not read to its end", line)
		}
	})
}

// A value of another type is passed over, and what follows is read.
func TestReaderPassesOver(t *testing.T) {
	for _, other := range []string{`"text"`, `12`, `-1`, `1.5`, `1e3`, `70000`, `99999999999999999999`, `null`, `{"a":["}"]}`, `[{"a":1}]`} {
		r := NewReader([]byte("[" + strings.Repeat(other+",", 7) + `"end"]`))
		r.Array()
		var text, wire, word string
		var texts []string
		var number uint16
		var object, truth bool
		for _, read := range []func(){
			func() { text = r.Text() }, func() { wire = r.Wire() }, func() { word = string(r.Word()) }, func() { texts = r.Texts() },
			func() { number = Number[uint16](&r) }, func() { truth = r.Bool() }, func() { object = r.Object(); skipTo(&r, object) },
		} {
			if !r.Element() {
				t.Fatalf("%s: the list ends early", other)
			}
			read()
		}
		if want := strings.Trim(other, `"`); (other[0] == '"') != (text == want) || text != wire || text != word {
			t.Errorf("%s: read as %q, %q and %q", other, text, wire, word)
		}
		if (number == 12) != (other == "12") || number != 12 && number != 0 || truth || object != (other[0] == '{') || (texts != nil) != (other[0] == '[') {
			t.Errorf("%s: read as %v, %v, %v, %v", other, texts, number, truth, object)
		}
		if !r.Element() || r.Text() != "end" || r.Element() || !r.Whole() {
			t.Errorf("%s: what follows was not read", other)
		}
	}
}

// skipTo leaves an object that was entered.
func skipTo(r *Reader, entered bool) {
	for entered && r.Member() {
		r.Skip()
	}
}

// What AppendWord would write without escapes has none that could end the string.
func TestReaderOfWords(t *testing.T) {
	for text, want := range map[string][2]string{
		`"cut_hellos"`: {"cut_hellos", ""}, `"769,47-53,,"`: {"", "769,47-53,,"}, `"0A1b.c-2"`: {"0A1b.c-2", ""}, `""`: {"", ""}, `7`: {"", ""},
		`"a\",\"b"`: {"", ""}, `"\u0061"`: {"a", "a"}, `"a b"`: {"", ""}, "\"\x7f\"": {"", ""}, "\"\xfb\"": {"", ""}, `"=a"`: {"", ""}, `"[@"`: {"", ""},
	} {
		own, numbers := NewReader([]byte(text)), NewReader([]byte(text))
		if got := [2]string{own.Own(), numbers.Numbers()}; got != want || !own.Whole() || !numbers.Whole() {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestReaderIsBounded(t *testing.T) {
	for _, deep := range []string{strings.Repeat("[", 1<<20), strings.Repeat(`{"a":`, 1<<18), strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1)} {
		r := NewReader([]byte(deep))
		if r.Skip(); r.Whole() {
			t.Errorf("%.20s... was read", deep)
		}
	}
	r := NewReader([]byte("[" + strings.Repeat("1,", 1<<20) + "1]"))
	if list := r.Texts(); len(list) != maxList || !r.Whole() {
		t.Errorf("%d elements", len(list))
	}
}

func TestReaderDoesNotAllocate(t *testing.T) {
	line := []byte(`{"a":12,"b":{"c":[true,null]},"d":"word","e":"2026"}`)
	if n := testing.AllocsPerRun(100, func() {
		r := NewReader(line)
		for r.Object(); r.Member(); {
			switch string(r.Key()) {
			case "a":
				Number[uint16](&r)
			case "d":
				r.Word()
			default:
				r.Skip()
			}
		}
		if !r.Whole() {
			t.Error("not read")
		}
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
