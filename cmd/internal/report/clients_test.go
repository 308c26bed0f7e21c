package report

import (
	"fmt"
	"math/rand"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tlsfloor/classify"
	"tlsfloor/parse"
)

const oldReason = "selected TLSv1, below the floor TLSv1.2; the client offers at most TLSv1"

func oldNode(from byte) *classify.Finding {
	f := flagged(seen(classify.Violation, parse.TLSv1, classify.Established), from, "dynamodb.us-west-2.amazonaws.com", oldReason, classify.FixClient)
	f.Process = &classify.Process{PID: 1234, Executable: "/usr/bin/node", CommandLine: []string{"node", "app.js"}, User: "svc"}
	f.Software = &classify.Software{ID: "nodejs", Name: "Node.js", Version: "10", Library: "OpenSSL 1.1.1", Confidence: classify.High}
	f.Advice = &classify.Advice{ID: "nodejs", Summary: "Update Node.js."}
	return f
}

// cronCurl is one of many short calls of curl, by a script that cron starts.
func cronCurl(n int) *classify.Finding {
	f := oldNode(5)
	f.Time += int64(n) * int64(time.Minute)
	f.Process = &classify.Process{
		PID: 1000 + n, Started: f.Time, Executable: "/usr/bin/curl", CommandLine: []string{"curl", "--tls-max", "1.0", fmt.Sprintf("https://s3.amazonaws.com/%d", n)},
		User: "svc", LoginUser: "alice", Unit: "cron.service", Script: "/opt/backup.sh", Folder: "/srv/backup",
		Parents: []classify.Parent{
			{PID: 900 + n, Executable: "/usr/bin/dash", CommandLine: []string{"/bin/sh", "/opt/backup.sh"}},
			{PID: 800 + n, Executable: "/usr/bin/dash", CommandLine: []string{"/bin/sh", "-c", "/opt/backup.sh"}},
			{PID: 7, Executable: "/usr/sbin/cron", CommandLine: []string{"/usr/sbin/CRON", "-f"}},
			{PID: 1, Executable: "/usr/lib/systemd/systemd", CommandLine: []string{"/sbin/init"}},
		},
	}
	f.Software = &classify.Software{ID: "curl", Name: "curl", Version: "7.88.1", Library: "OpenSSL 3.0", Confidence: classify.High}
	f.Advice = &classify.Advice{ID: "curl", Summary: "The command line has --tls-max 1.0."}
	return f
}

// listOf returns the list of clients in a summary.
func listOf(t *testing.T, s *Summary, top int) string {
	t.Helper()
	got := text(t, s, Run{Top: top}, false)
	checkWidth(t, got)
	_, list, _ := strings.Cut(got, "first:\n\n")
	return list
}

func TestClientsAreNamed(t *testing.T) {
	const seenOnce = "           seen:     once, 2026-03-01 12:00:00 UTC\n" +
		"           to:       dynamodb.us-west-2.amazonaws.com:443\n" +
		"           why:      selected TLSv1, below the floor TLSv1.2; the client offers\n" +
		"                     at most TLSv1\n"
	const fix = "           fix:      the client has to change"
	for _, tt := range []struct {
		name   string
		change func(*classify.Finding)
		head   string
		fix    string
	}{
		{"everything", func(*classify.Finding) {}, `
        1  10.0.0.5, /usr/bin/node (user svc)
           software: Node.js 10 (OpenSSL 1.1.1)
           command:  node app.js
`, ": tlsfloor explain nodejs"},
		{"where it runs, and what started it", func(f *classify.Finding) { *f = *cronCurl(0) }, `
        1  10.0.0.5, /usr/bin/curl (user svc, unit cron.service), started by
           /opt/backup.sh from cron, login alice
           software: curl 7.88.1 (OpenSSL 3.0)
           command:  curl --tls-max 1.0 https://s3.amazonaws.com/0 (in
                     /srv/backup)
`, ": tlsfloor explain curl"},
		{"a container", func(f *classify.Finding) {
			f.Process.Container, f.Process.Unit = strings.Repeat("4b0e1a9c2f77", 6)[:64], "docker-"+strings.Repeat("4b0e1a9c2f77", 6)[:64]+".scope"
			f.Process.CommandLine, f.Software = nil, nil
		}, `
        1  10.0.0.5, /usr/bin/node (user svc, container 4b0e1a9c2f77)
`, ": tlsfloor explain nodejs"},
		{"by the hello", func(f *classify.Finding) { f.Process, f.Software.Confidence = nil, classify.Medium }, `
        1  10.0.0.5, likely Node.js 10 (OpenSSL 1.1.1)
`, ": tlsfloor explain nodejs"},
		{"a library that is all that shows", func(f *classify.Finding) {
			f.Process, f.Advice = nil, nil
			f.Software = &classify.Software{ID: "openssl", Name: "OpenSSL", Version: "1.0.1 to 1.0.2", Library: "OpenSSL 1.0.1 to 1.0.2", Confidence: classify.Low}
		}, `
        1  10.0.0.5, perhaps OpenSSL 1.0.1 to 1.0.2
`, ""},
		{"a name and no more", func(f *classify.Finding) {
			f.Process, f.Advice, f.Software = nil, nil, &classify.Software{Name: "GnuTLS", Library: "GnuTLS", Confidence: classify.High}
		}, `
        1  10.0.0.5, GnuTLS
`, ""},
		{"nothing", func(f *classify.Finding) { f.Software, f.Process, f.Advice = nil, nil, nil }, `
        1  10.0.0.5
`, ""},
		{"a process without a name", func(f *classify.Finding) { f.Advice, f.Process = nil, &classify.Process{PID: 1, User: "svc"} }, `
        1  10.0.0.5, unknown program (user svc)
           software: Node.js 10 (OpenSSL 1.1.1)
`, ""},
		{"no address", func(f *classify.Finding) {
			f.Client, f.Software, f.Process, f.Advice = netip.AddrPort{}, nil, nil, nil
		}, `
        1  unknown client
`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, f := New(toAWS), oldNode(5)
			tt.change(f)
			s.times(1, f)
			want := strings.TrimPrefix(tt.head, "\n") + seenOnce + fix + tt.fix + "\n"
			if got := listOf(t, s, 0); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// Two programs of one address are two clients, and so is one program in two places, of
// two users, or started by two scripts. The same program started again is one.
func TestOneRowIsOneClient(t *testing.T) {
	for name, change := range map[string]func(*classify.Finding){
		"another address":   func(f *classify.Finding) { f.Client = port(6) },
		"another program":   func(f *classify.Finding) { f.Process.Executable = "/opt/curl" },
		"another user":      func(f *classify.Finding) { f.Process.User = "root" },
		"another login":     func(f *classify.Finding) { f.Process.LoginUser = "bob" },
		"another unit":      func(f *classify.Finding) { f.Process.Unit = "backup.service" },
		"another container": func(f *classify.Finding) { f.Process.Container = "4b0e" },
		"another script": func(f *classify.Finding) {
			f.Process.Script, f.Process.Parents[0].CommandLine = "/opt/other.sh", []string{"sh", "/opt/other.sh"}
		},
		"another jar": func(f *classify.Finding) {
			f.Process.Executable, f.Process.Script, f.Process.Parents, f.Process.CommandLine = "/usr/bin/java", "", nil, []string{"java", "-Xmx1g", "-cp", "x", "-jar", "a.jar"}
		},
		"another ancestor": func(f *classify.Finding) { f.Process.Parents[2].Executable = "/usr/sbin/atd" },
		"no parents":       func(f *classify.Finding) { f.Process.Parents = nil },
		"no process":       func(f *classify.Finding) { f.Process = nil },
	} {
		s, other := New(toAWS), cronCurl(1)
		change(other)
		s.times(2, cronCurl(0))
		s.times(1, other)
		if list := listOf(t, s, 0); strings.Count(list, "10.0.0.") != 2 || strings.Count(list, "seen:     twice") != 1 {
			t.Errorf("%s:\n%s", name, list)
		}
	}
	for name, change := range map[string]func(*classify.Finding){
		"again":             func(*classify.Finding) {},
		"another version":   func(f *classify.Finding) { f.Software = &classify.Software{Name: "curl", Version: "8"} },
		"another login":     func(f *classify.Finding) { f.Process.Unit = "session-77.scope" },
		"another transient": func(f *classify.Finding) { f.Process.Unit = "run-u99.service" },
		"another folder":    func(f *classify.Finding) { f.Process.Folder = "/tmp" },
		"another zone":      func(f *classify.Finding) { f.Client = netip.MustParseAddrPort("[fe80::1%eth1]:2") },
		"cron had ended":    func(f *classify.Finding) { f.Process.Parents = f.Process.Parents[:1] },
		"all had ended but the script": func(f *classify.Finding) {
			f.Process.Parents, f.Process.Executable, f.Process.Unit = f.Process.Parents[:1], "", ""
		},
		"its file was not read": func(f *classify.Finding) {
			f.Process = &classify.Process{PID: 9, CommandLine: []string{"curl", "x"}, User: "svc"}
		},
	} {
		s, one, other := New(toAWS), cronCurl(0), cronCurl(1)
		one.Process.Unit, one.Client = "", netip.MustParseAddrPort("[fe80::1%eth0]:1")
		if name == "another transient" {
			one.Process.Unit = "run-u1.service"
		}
		other.Process.Unit, other.Client = one.Process.Unit, one.Client
		change(other)
		s.times(2, one)
		s.times(1, other)
		if list := listOf(t, s, 0); strings.Count(list, "fe80::1") != 1 || !strings.Contains(list, "seen:     3 times, 2026-03-01 12:00:00 to 12:01:00 UTC") {
			t.Errorf("%s:\n%s", name, list)
		}
	}
}

// Runtimes are named with what they run, and a process with what started it.
func TestWhatRunsAndWhatStartedIt(t *testing.T) {
	bash := classify.Parent{Executable: "/usr/bin/bash", CommandLine: []string{"-bash"}}
	sshd := classify.Parent{Executable: "/usr/sbin/sshd", CommandLine: []string{"sshd: alice@pts/0"}}
	wrapper := classify.Parent{Executable: "/usr/bin/dash", CommandLine: []string{"sh", "-c", "curl x | y"}}
	make := classify.Parent{Executable: "/usr/bin/make", CommandLine: []string{"make"}}
	shim := classify.Parent{Executable: "/usr/bin/containerd-shim-runc-v2"}
	script := classify.Parent{Executable: "/usr/bin/python3.11", CommandLine: []string{"python3", "deploy.py"}}
	for _, tt := range []struct {
		file    string
		line    string
		script  string
		parents []classify.Parent
		want    string
	}{
		{"/usr/bin/curl", "curl x", "", []classify.Parent{bash, sshd}, "/usr/bin/curl, started by bash from sshd"},
		{"/usr/bin/curl", "curl x", "", []classify.Parent{wrapper, make, bash, sshd}, "/usr/bin/curl, started by make from bash from sshd"},
		{"/usr/bin/curl", "curl x", "/srv/deploy.py", []classify.Parent{wrapper, script, bash}, "/usr/bin/curl, started by /srv/deploy.py from bash"},
		{"/usr/bin/curl", "curl x", "/opt/a", []classify.Parent{wrapper, {Executable: "/usr/bin/dash", CommandLine: []string{"sh", "/opt/a"}}, script}, "/usr/bin/curl, started by /opt/a from deploy.py"},
		{"/usr/bin/curl", "curl x", "", []classify.Parent{{Executable: "/opt/agent/bin/agent"}, shim}, "/usr/bin/curl, started by /opt/agent/bin/agent"},
		{"", "-curl x", "", nil, "curl"},
		{"/usr/bin/python3.11", "python3 app.py", "/srv/app.py", []classify.Parent{bash}, "/usr/bin/python3.11 /srv/app.py, started by bash"},
		{"/usr/bin/python3.11", "python3 -W ignore -m awscli", "", nil, "/usr/bin/python3.11 awscli"},
		{"/usr/bin/python3.11", "python3 -c import_os x", "", nil, "/usr/bin/python3.11"},
		{"/usr/lib/jvm/bin/java", "java -Xmx1g -cp a:b -Dx=y com.example.Main --z", "", nil, "/usr/lib/jvm/bin/java com.example.Main"},
		{"/usr/lib/jvm/bin/java", "java -jar", "", nil, "/usr/lib/jvm/bin/java"},
		{"/usr/bin/dotnet", "dotnet exec app.dll", "", nil, "/usr/bin/dotnet app.dll"},
		{"/usr/bin/node", "node --inspect app.js", "/srv/app.js", nil, "/usr/bin/node /srv/app.js"},
	} {
		f := oldNode(5)
		f.Process = &classify.Process{Executable: tt.file, CommandLine: strings.Fields(tt.line), Script: tt.script, Parents: tt.parents}
		r := row{identityOf(f), new(client)}
		if got := r.programText(); got != ", "+tt.want {
			t.Errorf("%s: %q, want %q", tt.line, got[2:], tt.want)
		}
	}
}

// Of short calls that all ended early, each with another part of what there is to know,
// one client is made.
func TestManyPartialClients(t *testing.T) {
	s := New(toAWS)
	for n, parents := range []int{0, 1, 3, 4, 1} {
		f := cronCurl(n)
		f.Process.Executable, f.Process.Unit, f.Process.Parents = "", "", f.Process.Parents[:parents]
		if n == 4 {
			f.Process.User = ""
		}
		s.times(1, f)
	}
	const want = "        5  10.0.0.5, curl (user svc), started by /opt/backup.sh from cron, login\n           alice\n"
	if list := listOf(t, s, 0); !strings.HasPrefix(list, want) {
		t.Error(list)
	}
}

// Made-up programs that may be part of each other cost no more time than their number.
func TestManyAlike(t *testing.T) {
	c := clients{limit: maxExplained}
	for i := range maxExplained {
		f := cronCurl(0)
		f.Process.Parents, f.Process.User, f.Process.Unit = nil, "", fmt.Sprint(i)
		if i%2 == 0 {
			f.Process.Executable = ""
		}
		c.add(f)
	}
	began := time.Now()
	if rows := c.rows(); len(rows) != maxExplained {
		t.Errorf("%d rows", len(rows))
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("%s", took)
	}
}

// A client of which less is known stays alone if it may be part of two others.
func TestPartialClients(t *testing.T) {
	s := New(toAWS)
	one, other, part := cronCurl(0), cronCurl(1), cronCurl(2)
	other.Process.Executable = "/opt/bin/curl"
	part.Process = &classify.Process{PID: 9, CommandLine: []string{"-curl"}, User: "svc"}
	for _, f := range []*classify.Finding{part, one, other} {
		s.times(1, f)
	}
	if list := listOf(t, s, 0); strings.Count(list, "10.0.0.5, ") != 3 || !strings.Contains(list, "10.0.0.5, curl (user svc)\n") {
		t.Error(list)
	}
	if got := s.clients.rows(); len(got) != 3 {
		t.Errorf("%d rows", len(got))
	}
}

func TestSeveralProblemsOfAClient(t *testing.T) {
	s := New(toAWS)
	server := oldNode(5)
	server.Host, server.Fix, server.Advice, server.Reason = "db.cabc123def45.us-west-2.rds.amazonaws.com", classify.FixServer, &classify.Advice{ID: "server-rds"}, "selected TLSv1"
	server.Server = netip.MustParseAddrPort("52.94.1.2:5432")
	proxied := oldNode(5)
	proxied.HostSource, proxied.Server = classify.NameConnect, netip.MustParseAddrPort("10.0.0.80:3128")
	away := oldNode(5)
	away.Host, away.AWS = "", &classify.AWS{Service: "dynamodb", Region: "us-west-2"}
	for _, f := range []*classify.Finding{proxied, away, oldNode(5)} {
		f.Process = server.Process
		s.times(1, f)
	}
	s.times(1, server)
	const want = `        4  10.0.0.5, /usr/bin/node (user svc)
           software: Node.js 10 (OpenSSL 1.1.1)
           command:  node app.js
           seen:     3 times, 2026-03-01 12:00:00 UTC
           to:       52.94.1.2:443 (known by its address only: dynamodb
                     us-west-2) (1)
                     dynamodb.us-west-2.amazonaws.com:443 (1)
                     1 other (1)
           why:      selected TLSv1, below the floor TLSv1.2; the client offers
                     at most TLSv1
           fix:      the client has to change: tlsfloor explain nodejs
           seen:     once, 2026-03-01 12:00:00 UTC
           to:       db.cabc123def45.us-west-2.rds.amazonaws.com:5432
           why:      selected TLSv1
           fix:      the server has to change: tlsfloor explain server-rds
`
	if got := listOf(t, s, 0); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Clients beyond those that are shown, or that there is room for, are counted.
func TestTop(t *testing.T) {
	s := New(toAWS)
	for i := range 12 {
		s.times(12-i, oldNode(byte(i)))
	}
	if got := listOf(t, s, 10); strings.Count(got, "10.0.0.") != 10 || !strings.HasSuffix(got, "\n        3  flows of 2 more clients: --top 0 lists all\n") {
		t.Error(got)
	}
	if got := listOf(t, s, 0); strings.Count(got, "10.0.0.") != 12 || strings.Contains(got, "--top") {
		t.Error(got)
	}
	if got := text(t, s, Run{First: 1, Last: 86400e9}, false); !strings.Contains(got, "\nFlagged: 12 clients, the most flows first:\n") ||
		!strings.Contains(got, "\nPackets from 1970-01-01 00:00:00 to 1970-01-02 00:00:00 UTC.\n") {
		t.Error(got)
	}
}

// A local user chooses the names of programs and folders, and what is in a command line.
func TestHostileClients(t *testing.T) {
	for _, name := range []string{"\x1b[2J\x00\x7f\x9b", "\u202egpj", strings.Repeat("x", 512), strings.Repeat("\xff", 512), strings.Repeat("\x01", 61), "a b\nc", "'", "`reboot`"} {
		f := cronCurl(0)
		p := f.Process
		p.Executable, p.Script, p.User, p.LoginUser, p.Unit, p.Container, p.Folder = name, name, name, name, name, name, name
		p.CommandLine = slices.Repeat([]string{name}, 32)
		p.Parents = slices.Repeat([]classify.Parent{{Executable: name, CommandLine: []string{name}}}, 4)
		f.Software.Version, f.Software.Library, f.Advice.ID, f.Advice.Summary = name, name, name, name
		s := New(toAWS)
		s.times(1, f)
		for _, c := range []byte(listOf(t, s, 0)) {
			if c != '\n' && (c < ' ' || c > '~') {
				t.Fatalf("byte %#x of %q", c, name)
			}
		}
	}
}

// Invented clients, hosts, programs, reasons and advice cannot make the summary grow, and
// all their flows are counted.
func TestClientsAreBounded(t *testing.T) {
	const times = 3
	s := New(toAWS)
	for i := range times * maxClients {
		f := oldNode(5)
		f.Client = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), 1)
		s.times(1, f)
	}
	for i := range times * maxDestinations {
		f := oldNode(0)
		f.Host, f.Reason, f.Advice = fmt.Sprintf("%d.amazonaws.com", i), fmt.Sprint(i), &classify.Advice{ID: fmt.Sprint(i)}
		f.Software = &classify.Software{Name: fmt.Sprint(i)}
		s.times(1, f)
	}
	list := s.clients.list.list
	if len(list) != maxClients {
		t.Fatalf("%d clients", len(list))
	}
	busy := list[0].value
	if d, r, p, w := len(busy.destinations.list), len(busy.reasons.list), len(busy.problems.list), len(busy.software.list); d != maxDestinations || r != maxReasons || p != maxProblems || w != maxSoftware {
		t.Errorf("%d destinations, %d reasons, %d problems, %d softwares", d, r, p, w)
	}
	got := text(t, s, Run{Top: 1}, false)
	flows := times*maxClients + times*maxDestinations
	for _, want := range []string{
		fmt.Sprintf("%s handshakes flagged of", digits(uint64(flows))),
		fmt.Sprintf("Flagged: more than %s clients, the most flows first:\n", digits(maxClients)),
		fmt.Sprintf("%9s  10.0.0.0, /usr/bin/node (user svc)\n", digits(times*maxDestinations)),
		fmt.Sprintf("also:     %d flows for which other things have to change\n", times*maxDestinations-maxProblems),
		fmt.Sprintf("%9d  flows of %d more clients: --top 0 lists all\n\n", maxClients-1, maxClients-1),
		fmt.Sprintf("%9s  flows of clients beyond the first %d, by address\n", digits((times-1)*maxClients+1), maxClients),
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// Programs of this host have room before what somebody invents in packets.
func TestInventedClientsDisplaceNoProgram(t *testing.T) {
	s := New(toAWS)
	for i := range 2 * maxClients {
		f := oldNode(5)
		f.Process, f.Client = nil, netip.AddrPortFrom(netip.AddrFrom4([4]byte{1, 1, byte(i >> 8), byte(i)}), 1)
		s.times(2, f)
		if i == maxClients+10 {
			s.times(1, oldNode(250))
		}
	}
	if list := listOf(t, s, 0); !strings.Contains(list, "10.0.0.250, /usr/bin/node (user svc)") {
		t.Errorf("%.300s", list)
	}
}

// Property: what is written depends on the findings, and not on their order, nor on the
// goroutines that count and identify them, nor on the workers. Also where there is no
// room for all.
func TestOrderDoesNotMatter(t *testing.T) {
	for seed := range int64(20) {
		r := rand.New(rand.NewSource(seed))
		var all []*classify.Finding
		for range 3000 {
			all = append(all, someFinding(r))
		}
		want := printed(t, oneByOne(all))
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		if got := printed(t, oneByOne(all)); got != want {
			t.Fatalf("seed %d, another order: got\n%s\nwant\n%s", seed, got, want)
		}
		if got := printed(t, byGoroutines(all, 4)); got != want {
			t.Fatalf("seed %d, goroutines: got\n%s\nwant\n%s", seed, got, want)
		}
	}
}

func oneByOne(all []*classify.Finding) *Summary {
	s := New(Options{})
	for _, f := range all {
		s.Add(f)
		s.Identify(f)
	}
	return s
}

// byGoroutines counts with several summaries, of which one is merged with the others, and
// identifies in several goroutines, in part before the findings are counted.
func byGoroutines(all []*classify.Finding, n int) *Summary {
	whole, parts := New(Options{}), make([]*Summary, n)
	var running sync.WaitGroup
	for i := range parts {
		parts[i] = New(Options{})
		running.Add(2)
		go func() {
			defer running.Done()
			for j := i; j < len(all); j += n {
				parts[i].Add(all[j])
			}
		}()
		go func() {
			defer running.Done()
			for j := i; j < len(all); j += n {
				whole.Identify(all[j])
			}
		}()
	}
	running.Wait()
	for _, p := range parts {
		whole.Merge(p)
	}
	return whole
}

// someFinding returns a finding of one of many clients, programs and hosts.
func someFinding(r *rand.Rand) *classify.Finding {
	f := &classify.Finding{Verdict: classify.Verdict(r.Intn(5)), InScope: r.Intn(3) > 0, Host: fmt.Sprintf("host-%d.example", r.Intn(2*maxDestinations))}
	f.Time, f.Reason, f.Fix = r.Int63n(1e15), fmt.Sprintf("because %d", r.Intn(2*maxReasons)), classify.Fix(1+r.Intn(3))
	f.Outcome = classify.Outcome(r.Intn(6))
	f.Flagged = f.InScope && f.Verdict >= classify.Attempt
	f.Client = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(r.Intn(10)), byte(1 << r.Intn(8))}), uint16(r.Intn(60000)))
	if r.Intn(20) == 0 { // more than there is room for
		f.Client = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(r.Intn(256)), byte(r.Intn(256))}), 1)
	}
	if f.Verdict != classify.Attempt {
		f.Answer = &classify.ServerHello{Version: parse.TLSv1 + parse.Version(r.Intn(4))}
	}
	if r.Intn(3) == 0 {
		f.Process = &classify.Process{PID: r.Int(), Executable: fmt.Sprintf("/bin/p%d", r.Intn(3)), CommandLine: []string{fmt.Sprintf("p%d", r.Intn(4)), fmt.Sprint(r.Intn(9))}}
		if r.Intn(2) == 0 {
			f.Process.Executable = ""
		}
	}
	if r.Intn(3) == 0 {
		f.Software = &classify.Software{Name: fmt.Sprintf("software-%d", r.Intn(2*maxSoftware)), Confidence: classify.Confidence(1 + r.Intn(3))}
	}
	f.Advice = &classify.Advice{ID: fmt.Sprintf("guide-%d", r.Intn(2*maxProblems))}
	return f
}

func printed(t *testing.T, s *Summary) string {
	t.Helper()
	return text(t, s, Run{Packets: 1}, false)
}

func TestIdentifyWantsFlagged(t *testing.T) {
	s, f := New(toAWS), oldNode(5)
	f.Flagged = false
	if s.Identify(f); len(s.clients.list.list) != 0 {
		t.Error("kept")
	}
}

func BenchmarkIdentify(b *testing.B) {
	for name, f := range map[string]*classify.Finding{"a process": cronCurl(0), "software": oldNode(5)} {
		if name == "software" {
			f.Process = nil
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			s := New(toAWS)
			for b.Loop() {
				s.Identify(f)
			}
		})
	}
}
