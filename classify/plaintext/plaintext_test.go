package plaintext

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
)

func TestWords(t *testing.T) {
	for _, tt := range []struct{ text, word, wire, phrase string }{
		{"s3.eu-west-1.amazonaws.com", "s3.eu-west-1.amazonaws.com", "s3.eu-west-1.amazonaws.com", "s3.eu-west-1.amazonaws.com"},
		{"", `""`, `""`, `""`},
		{"17 or later", `"17 or later"`, `"17 or later"`, "17 or later"},
		{" a", `" a"`, `" a"`, `" a"`},
		{"a  b", `"a  b"`, `"a  b"`, `"a  b"`},
		{"x) > s3.amazonaws.com:443", `"x) > s3.amazonaws.com:443"`, `"x) > s3.amazonaws.com:443"`, `"x) > s3.amazonaws.com:443"`},
		{`"\`, `"\"\\"`, `"\"\\"`, `"\"\\"`},
		{"\x1b[31m\r\n", `"\u001b[31m\u000d\u000a"`, `"\u001b[31m\u000d\u000a"`, `"\u001b[31m\u000d\u000a"`},
		{"caf\u00e9\u202e", `"caf\u00e9\u202e"`, `"caf\u00c3\u00a9\u00e2\u0080\u00ae"`, `"caf\u00e9\u202e"`},
	} {
		if got := string(AppendWord(nil, tt.text)); got != tt.word {
			t.Errorf("%q: word %s, want %s", tt.text, got, tt.word)
		}
		if got := string(AppendWireWord(nil, tt.text)); got != tt.wire {
			t.Errorf("%q: off the wire %s, want %s", tt.text, got, tt.wire)
		}
		if got := string(AppendPhrase(nil, tt.text)); got != tt.phrase {
			t.Errorf("%q: phrase %s, want %s", tt.text, got, tt.phrase)
		}
	}
}

func TestCells(t *testing.T) {
	for _, tt := range []struct{ text, cell string }{
		{"", ""},
		{"a.example", "a.example"},
		{"a,b", `"a,b"`},
		{`say "so"`, `"say ""so"""`},
		{`C:\x`, `"C:\\x"`},
		{`\"`, `"\\"""`},
		{"=1+2", `"'=1+2"`},
		{"+1", `"'+1"`},
		{"-v", `"'-v"`},
		{"@SUM(A1)", `"'@SUM(A1)"`},
		{"  =1", `"  '=1"`},
		{"a;=1;b;+2; -3", `"a;'=1;b;'+2; '-3"`},
		{"a=1;b", `"a=1;b"`},
		{"\t=1", `"\u0009=1"`},
		{"\r\n=1", `"\u000d\u000a=1"`},
		{"\uff1d1", `"\uff1d1"`}, // a full-width equals sign
		{"caf\u00e9", `"caf\u00e9"`},
	} {
		if got := string(AppendCell([]byte("before,"), tt.text)); got != "before,"+tt.cell {
			t.Errorf("%q: %s, want %s", tt.text, got, tt.cell)
		}
	}
	if got, want := string(AppendWireCell(nil, "=\xe9")), `"'=\u00e9"`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// A word comes back from its line, and a cell from its file, whatever the text; and neither
// has anything but printable ASCII.
func FuzzTexts(f *testing.F) {
	f.Add("\x1b]0;pwned\x07\r\n\u202e")
	f.Add(`=cmd|' /C calc'!A0;@x; +"\`)
	f.Add(strings.Repeat(";=", 300))
	f.Add("\xff\xfe\u2028")
	f.Fuzz(func(t *testing.T, text string) {
		word, wire, phrase := AppendWord(nil, text), AppendWireWord(nil, text), AppendPhrase(nil, text)
		cell, wireCell := AppendCell(nil, text), AppendWireCell(nil, text)
		for _, b := range [][]byte{word, wire, phrase, cell, wireCell} {
			for _, c := range b {
				if c < ' ' || c > '~' {
					t.Fatalf("%q: byte %#x in %q", text, c, b)
				}
			}
		}
		checkWord(t, text, string(word))
		checkCell(t, text, string(cell))
		checkCell(t, text, string(wireCell))
	})
}

// checkWord fails unless a word is bare or one JSON string.
func checkWord(t *testing.T, text, word string) {
	t.Helper()
	if word == text && !strings.ContainsAny(word, " \"()[],;:>\\") {
		return
	}
	var back string
	if err := json.Unmarshal([]byte(word), &back); err != nil {
		t.Errorf("%q: %s: %v", text, word, err)
	}
}

// checkCell fails unless a cell is one for a reader of CSV, and no formula for a
// spreadsheet, also for one that separates cells by semicolons.
func checkCell(t *testing.T, text, cell string) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader("before," + cell + ",after\r\n")).ReadAll()
	if err != nil || len(rows) != 1 || len(rows[0]) != 3 || rows[0][2] != "after" {
		t.Fatalf("%q: %s is %q (%v)", text, cell, rows, err)
	}
	for part := range strings.SplitSeq(rows[0][1], ";") {
		if part = strings.TrimLeft(part, " "); part != "" && strings.Contains("=+-@\t\r", part[:1]) {
			t.Errorf("%q: a formula in %s", text, cell)
		}
	}
}

func TestCellsAllocateNothing(t *testing.T) {
	dst := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() {
		dst = AppendWireCell(AppendCell(AppendWord(dst[:0], "a b"), "=1;=2"), "\xff")
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
