package jsontext

import (
	"encoding/json"
	"testing"
	"time"
)

func TestStrings(t *testing.T) {
	for _, tt := range []struct{ text, wire, local string }{
		{"", `""`, `""`},
		{"plain /~!", `"plain /~!"`, `"plain /~!"`},
		{`"\`, `"\"\\"`, `"\"\\"`},
		{"\x00\t\n\x1b\x7f", `"\u0000\u0009\u000a\u001b\u007f"`, `"\u0000\u0009\u000a\u001b\u007f"`},
		{"\xe9", `"\u00e9"`, `"\u00e9"`},
		{"\u00e9", `"\u00c3\u00a9"`, `"\u00e9"`},
		{"\u2028\u202e", `"\u00e2\u0080\u00a8\u00e2\u0080\u00ae"`, `"\u2028\u202e"`},
		{"\U0001f600x", `"\u00f0\u009f\u0098\u0080x"`, `"\ud83d\ude00x"`},
		{"<b>&\b\f\r", `"<b>&\u0008\u000c\u000d"`, `"<b>&\u0008\u000c\u000d"`},
		{"\ufffd", `"\u00ef\u00bf\u00bd"`, `"\ufffd"`},
		{"a\xf0\x9f\x98", `"a\u00f0\u009f\u0098"`, `"a\u00f0\u009f\u0098"`},
		{"\xed\xa0\x80", `"\u00ed\u00a0\u0080"`, `"\u00ed\u00a0\u0080"`}, // a lone surrogate
	} {
		if got := string(AppendQuotedWire(nil, tt.text)); got != tt.wire {
			t.Errorf("%q off the wire: %s, want %s", tt.text, got, tt.wire)
		}
		if got := string(AppendQuoted(nil, tt.text)); got != tt.local {
			t.Errorf("%q: %s, want %s", tt.text, got, tt.local)
		}
		checkStruct(t, tt.text)
	}
}

func FuzzStrings(f *testing.F) {
	f.Add("\x1b[31m\"\\")
	f.Add("caf\u00e9 \U0001f600 \xff\xc3")
	f.Fuzz(func(t *testing.T, text string) {
		var wire, local string
		if err := json.Unmarshal(AppendQuotedWire(nil, text), &wire); err != nil || latin1(wire) != text {
			t.Errorf("%q came back as %q (%v)", text, wire, err)
		}
		if err := json.Unmarshal(AppendQuoted(nil, text), &local); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		checkPrintable(t, AppendQuoted(AppendQuotedWire(nil, text), text))
		checkStruct(t, text)
	})
}

// checkStruct fails when Structs does not write a text as the other functions do.
func checkStruct(t *testing.T, text string) {
	t.Helper()
	v := struct {
		Wire  string   `json:"wire"`
		Local []string `json:"local"`
	}{WireText(text), LocalTexts([]string{text})}
	want := append(append(AppendQuotedWire([]byte(`{"wire":`), text), `,"local":[`...), AppendQuoted(nil, text)...)
	if got := NewStructs().Append(nil, &v); string(got) != string(want)+"]}" {
		t.Errorf("%q: %s, want %s]}", text, got, want)
	}
}

func TestTime(t *testing.T) {
	for _, want := range []time.Time{
		time.Unix(0, 0), time.Unix(0, -1), time.Unix(0, -1<<63), time.Unix(0, 1<<63-1),
		time.Date(2024, 2, 29, 23, 59, 59, 999999999, time.UTC), time.Date(2026, 10, 9, 8, 7, 6, 54321, time.UTC),
	} {
		got := string(AppendTime([]byte("{"), `"ts":`, want.UnixNano()))
		if text := want.UTC().Format(`{"ts":"2006-01-02T15:04:05.000000Z"`); got != text {
			t.Errorf("%s, want %s", got, text)
		}
	}
}

func latin1(text string) string {
	var b []byte
	for _, r := range text {
		b = append(b, byte(r))
	}
	return string(b)
}

func checkPrintable(t *testing.T, line []byte) {
	t.Helper()
	for i, c := range line {
		if c < ' ' || c > '~' {
			t.Fatalf("byte %d is %#x: %q", i, c, line)
		}
	}
}
