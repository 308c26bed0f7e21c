package starttls

import "testing"

// dialogues are for benchmarks, in the order in which a caller pushes them.
var dialogues = []struct {
	name  string
	turns []turn
}{
	{"HTTP", []turn{c("GET /index.html HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n")}},
	{"SSH", []turn{s("SSH-2.0-OpenSSH_9.6\r\n")}},
	{"binary", []turn{c("\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00")}},
	{"text", []turn{c("*1\r\n$4\r\nPING\r\n")}},
	{"SMTP", find("smtp")},
	{"PostgreSQL", find("postgresql")},
	{"LDAP", find("ldap")},
	{"XMPP", find("xmpp")},
	{"MySQL", find("mysql")},
	{"RDP", find("rdp")},
}

func find(name string) []turn {
	for _, tr := range transcripts {
		if tr.name == name {
			return tr.turns
		}
	}
	panic("no transcript " + name)
}

// look pushes each turn as a caller does when nothing is left over.
func look(turns []turn, data [][]byte) (last Step) {
	var p Preamble
	for i, u := range turns {
		last = p.Push(u.server, data[i])
	}
	return last
}

func dataOf(turns []turn) (out [][]byte) {
	for _, u := range turns {
		out = append(out, []byte(u.data))
	}
	return out
}

func TestPushAllocatesNothing(t *testing.T) {
	for _, d := range dialogues {
		data := dataOf(d.turns)
		if n := testing.AllocsPerRun(100, func() { look(d.turns, data) }); n != 0 {
			t.Errorf("%s: %v allocations", d.name, n)
		}
	}
}

func BenchmarkPush(b *testing.B) {
	for _, d := range dialogues {
		b.Run(d.name, func(b *testing.B) {
			data := dataOf(d.turns)
			b.ReportAllocs()
			for b.Loop() {
				look(d.turns, data)
			}
		})
	}
}
