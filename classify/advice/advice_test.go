package advice

import (
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"tlsfloor/classify"
	"tlsfloor/classify/aws"
	"tlsfloor/classify/client"
)

// Each guide can be reached: from an event, or from a guide that can be.
func TestEveryGuideIsReached(t *testing.T) {
	known := client.IDs()
	for _, id := range known {
		if _, ok := guides().bySoft[id]; !ok {
			t.Errorf("%s has no guide", id)
		}
	}
	reached := map[string]bool{}
	var reach func(id string)
	reach = func(id string) {
		g, ok := Lookup(id)
		if !ok || reached[id] {
			return
		}
		reached[id] = true
		for _, other := range mentioned(g) {
			reach(other)
		}
	}
	for _, g := range All() {
		for _, id := range g.Software {
			if !slices.Contains(known, id) {
				t.Errorf("%s is for %s, which no event names", g.ID, id)
			}
		}
		if len(g.Software)+len(g.Services)+len(g.APIs)+len(g.Targets)+len(g.StartTLS)+len(g.Programs) > 0 {
			reach(g.ID)
		}
	}
	for _, id := range []string{anyClient, anyServer, anyAPI, between} {
		reach(id)
	}
	for _, g := range All() {
		if !reached[g.ID] {
			t.Errorf("neither an event nor another guide leads to %s", g.ID)
		}
	}
}

// The guide of a library leads on to programs, since its hello shows none.
func TestLibrariesLeadOn(t *testing.T) {
	for _, id := range []string{"openssl", "gnutls", "nss", "boringssl", "schannel", "securetransport", "java", "embedded", anyClient} {
		if g, ok := Lookup(id); !ok || !strings.Contains(g.Question, "?") || len(g.Leads) < 2 {
			t.Errorf("%s leads to no programs", id)
		}
	}
}

// A statement is as old as its check.
func TestGuidesHaveSources(t *testing.T) {
	for _, g := range All() {
		if g.Checked.Before(time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s was checked on %s", g.ID, g.Checked.Format(time.DateOnly))
		}
		pages := 0
		for _, s := range g.Sources {
			if s.Name == "" || strings.Contains(s.Name, "://") {
				t.Errorf("%s: %q is no name of a source", g.ID, s.Name)
			}
			if s.URL == "" {
				continue
			}
			pages++
			if u, err := url.Parse(s.URL); err != nil || u.Scheme != "https" || u.Host == "" || strings.Contains(s.URL, " ") {
				t.Errorf("%s: %q is no page", g.ID, s.URL)
			}
		}
		if pages == 0 {
			t.Errorf("%s has no source with a page", g.ID)
		}
	}
}

func TestGuidesCanBeRead(t *testing.T) {
	for _, g := range All() {
		texts := []string{g.Title, g.Today, g.Question, g.Proof}
		for _, s := range g.Sources {
			texts = append(texts, s.Name)
		}
		for _, l := range g.Leads {
			texts = append(texts, l.When)
		}
		for _, s := range g.Steps {
			texts = append(texts, s.Text)
			for _, c := range s.Commands {
				texts = append(append(texts, c.Lines...), c.Prints...)
			}
		}
		for _, summary := range summaries(g) {
			texts = append(texts, summary)
			if !strings.HasSuffix(summary, ".") || len(summary) > 160 {
				t.Errorf("%s: the summary is no short sentence: %q", g.ID, summary)
			}
		}
		for _, text := range texts {
			if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("%s: %q is not printable ASCII", g.ID, text)
			}
		}
		for _, other := range mentioned(g) {
			if _, ok := Lookup(other); !ok || other == g.ID {
				t.Errorf("%s leads to %q", g.ID, other)
			}
		}
	}
}

// summaries lists all the summaries that events may have of a guide.
func summaries(g *Guide) []string {
	all := []string{g.Summary}
	for _, s := range g.sinces {
		all = append(all, s.summary)
	}
	for _, a := range g.arguments {
		all = append(all, a.summary)
	}
	for _, n := range slices.Concat(g.variables, g.protocols) {
		all = append(all, n.summary)
	}
	if g.noHello != "" {
		all = append(all, g.noHello)
	}
	return all
}

// mentioned lists the guides that a guide refers to.
func mentioned(g *Guide) (ids []string) {
	for _, l := range g.Leads {
		ids = append(ids, l.Guide)
	}
	texts := summaries(g)
	for _, s := range g.Steps {
		texts = append(texts, s.Text)
	}
	for _, text := range texts {
		for _, part := range strings.Split(text, `"tlsfloor explain `)[1:] {
			id, _, _ := strings.Cut(part, `"`)
			ids = append(ids, id)
		}
	}
	return ids
}

// The services are ids of classify/aws.
func TestServicesAreKnownByTheirNames(t *testing.T) {
	for host, want := range map[string]string{
		"abc123.execute-api.us-east-1.amazonaws.com":        "server-api-gateway",
		"my-lb-1.us-east-1.elb.amazonaws.com":               "server-load-balancer",
		"db.abc.us-east-1.rds.amazonaws.com":                "server-rds",
		"d1.cloudfront.net":                                 "server-cloudfront",
		"search-x.us-east-1.es.amazonaws.com":               "server-opensearch",
		"abc.iot.us-east-1.amazonaws.com":                   "server-iot",
		"s-1.server.transfer.us-east-1.amazonaws.com":       "server-transfer",
		"photos.s3.eu-west-1.amazonaws.com":                 "server-s3",
		"db.cluster-x.us-east-1.docdb.amazonaws.com":        "server-docdb",
		"x.abc.0001.use1.cache.amazonaws.com":               "server-elasticache",
		"x.abc.us-east-1.redshift.amazonaws.com":            "server-redshift",
		"wg.1.us-east-1.redshift-serverless.amazonaws.com":  "server-redshift",
		"b-1234-1.mq.us-east-1.amazonaws.com":               "server-mq",
		"abc.appsync-api.us-east-1.amazonaws.com":           "server-appsync",
		"b-1.x.c2.kafka.us-east-1.amazonaws.com":            "server",
		"email-smtp.us-east-1.amazonaws.com":                "server-ses",
		"123456789012.ddb.us-east-1.amazonaws.com":          "server-api",
		"vpce-1-x.sqs.us-west-2.vpce.amazonaws.com":         "server-api",
		"bucket.vpce-1.s3.us-east-1.vpce.amazonaws.com":     "server-s3",
		"vpce-1-x.execute-api.us-east-1.vpce.amazonaws.com": "server-api-gateway",
		"vpce-1.vpce-svc-2.us-east-1.vpce.amazonaws.com":    "server",
		"sqs.us-east-1.amazonaws.com":                       "server-api",
		"rds.us-east-1.amazonaws.com":                       "server-api",
		"s3.us-east-1.amazonaws.com":                        "server-s3",
	} {
		known, ok := aws.Parse(host)
		if !ok {
			t.Fatalf("%s is not AWS's", host)
		}
		f := &classify.Finding{Verdict: classify.Violation, Fix: classify.FixServer, AWS: &known, Software: &classify.Software{ID: "nodejs"}}
		if got := For(f); got == nil || got.ID != want {
			t.Errorf("%s: %+v, want %s", host, got, want)
		}
	}
}

func TestFor(t *testing.T) {
	node, ses := &classify.Software{ID: "nodejs"}, &classify.AWS{Service: "email-smtp"}
	hello := classify.Observation{Hello: new(classify.ClientHello)}
	for name, test := range map[string]struct {
		finding classify.Finding
		want    string
	}{
		"a known client":            {classify.Finding{Verdict: classify.Violation, Fix: classify.FixClient, Software: node}, "nodejs"},
		"a client of a library":     {classify.Finding{Verdict: classify.Attempt, Fix: classify.FixClient, Software: &classify.Software{ID: "openssl-1.0.0"}}, "openssl"},
		"an unknown client":         {classify.Finding{Verdict: classify.Attempt, Fix: classify.FixClient}, "client"},
		"software without a guide":  {classify.Finding{Verdict: classify.Attempt, Fix: classify.FixClient, Software: &classify.Software{ID: "nonesuch"}}, "client"},
		"a server without a name":   {classify.Finding{Verdict: classify.Violation, Fix: classify.FixServer, Software: node}, "server"},
		"nobody knows who":          {classify.Finding{Observation: hello, Verdict: classify.Violation, Fix: classify.FixUnknown, Software: node}, "middlebox"},
		"no ClientHello":            {classify.Finding{Verdict: classify.Violation, Fix: classify.FixUnknown, Software: node}, "client"},
		"unknown, to SES":           {classify.Finding{Verdict: classify.Attempt, Fix: classify.FixClient, AWS: ses}, "mail"},
		"known, to SES":             {classify.Finding{Verdict: classify.Attempt, Fix: classify.FixClient, AWS: ses, Software: node}, "nodejs"},
		"offers less than it needs": {classify.Finding{Verdict: classify.Exposed, Software: node}, "nodejs"},
		"a program by its file":     {classify.Finding{Verdict: classify.Attempt, Fix: classify.FixClient, Software: &classify.Software{ID: "openssl"}, Process: &classify.Process{Executable: "/usr/sbin/exim4 (deleted)"}}, "mail"},
		"a program, nothing else":   {classify.Finding{Verdict: classify.Attempt, Fix: classify.FixClient, Process: &classify.Process{Executable: "/usr/sbin/squid"}}, "inspection"},
		"a Go program's file":       {classify.Finding{Verdict: classify.Attempt, Fix: classify.FixClient, Software: &classify.Software{ID: "go"}, Process: &classify.Process{Executable: "/usr/sbin/squid"}}, "go"},
		"what it speaks":            {classify.Finding{Observation: classify.Observation{StartTLS: "postgresql"}, Verdict: classify.Attempt, Fix: classify.FixClient}, "databases"},
		"known, whatever it speaks": {classify.Finding{Observation: classify.Observation{StartTLS: "postgresql"}, Verdict: classify.Attempt, Fix: classify.FixClient, Software: node}, "nodejs"},
		"Java 6":                    {classify.Finding{Verdict: classify.Attempt, Fix: classify.FixClient, Software: &classify.Software{ID: "java-6"}}, "java-7"},
		"nothing to change":         {classify.Finding{Verdict: classify.OK, Software: node}, ""},
		"nothing known":             {classify.Finding{Verdict: classify.Undetermined}, ""},
	} {
		got := For(&test.finding)
		if got == nil && test.want == "" {
			continue
		}
		if got == nil || got.ID != test.want || got.Summary == "" {
			t.Errorf("%s: %+v, want %s", name, got, test.want)
		}
	}
}

// A client is not told what it has done, and is told about its own options.
func TestAdviceUsesWhatIsKnown(t *testing.T) {
	for _, test := range []struct {
		id, version string
		confidence  classify.Confidence
		line        []string
		startTLS    string
		library     string
		variables   []string
		want, not   string // of the summary
	}{
		{id: "java", version: "17.0.15", confidence: classify.High, want: "This Java speaks TLS 1.2 and 1.3", not: "Java 8"},
		{id: "java", version: "8u292", confidence: classify.High, want: "This Java speaks TLS 1.2:"},
		{id: "java", version: "7", confidence: classify.High, want: "Run Java 8"},
		{id: "java", version: "17", confidence: classify.Low, want: "Run Java 8"},
		{id: "java", version: "17", confidence: classify.High, line: []string{"java", "-Djdk.tls.client.protocols=TLSv1", "-jar", "x.jar"}, want: "-Djdk.tls.client.protocols"},
		{id: "java", version: "17", confidence: classify.High, line: []string{"java", "-Djdk.tls.client.protocols=TLSv1.2,TLSv1.3"}, want: "code or a driver's option"},
		{id: "java", version: "17", confidence: classify.High, line: []string{"java", "-Djdk.tls.client.protocols=TLSv1.2,TLSv1.1"}, want: "remove it, or let it"},
		{id: "java", version: "17", confidence: classify.High, line: []string{"java", "-Djava.security.properties=old"}, want: "jdk.tls.disabledAlgorithms"},
		{id: "java", version: "8", confidence: classify.High, line: []string{"java", "-server", "-Dweblogic.Name=AdminServer", "weblogic.Server"}, want: "WebLogic"},
		{id: "java", version: "8", confidence: classify.High, line: []string{"java", "-Xmx1g", "com.ibm.ws.bootstrap.WSLauncher", "x"}, want: "WebSphere"},
		{id: "openssl-3", version: "3.0", confidence: classify.Medium, line: []string{"openssl", "s_client", "-tls1_1"}, want: "-tls1_1"},
		{id: "java-8", version: "8u262 or later", confidence: classify.Medium, want: "This Java speaks TLS 1.2:"},
		{id: "nodejs", version: "22.1.0", confidence: classify.High, variables: []string{"NODE_OPTIONS"}, want: "NODE_OPTIONS is set"},
		{id: "nodejs", version: "22.1.0", confidence: classify.High, variables: []string{"NODE_OPTIONS"}, line: []string{"node", "--tls-min-v1.0"}, want: "The command line"},
		{id: "nodejs", version: "0.8.28", confidence: classify.High, variables: []string{"NODE_OPTIONS"}, want: "Run Node.js 22"},
		{id: "python", version: "3.11", confidence: classify.High, variables: []string{"OPENSSL_CONF"}, want: "OPENSSL_CONF is set"},
		{id: "openssl-0.9.8", version: "0.9.8", confidence: classify.Medium, variables: []string{"OPENSSL_CONF"}, want: "Update OpenSSL (0.9.8"},
		{id: "ruby", confidence: classify.High, variables: []string{"OPENSSL_CONF"}, want: "OPENSSL_CONF is set"},
		{id: "curl", confidence: classify.High, variables: []string{"OPENSSL_CONF"}, want: "Update curl"}, // it sets its own versions
		{id: "java", version: "17", confidence: classify.High, variables: []string{"JDK_JAVA_OPTIONS"}, want: "JDK_JAVA_OPTIONS is set"},
		{id: "java", version: "17", confidence: classify.High, variables: []string{"OPENSSL_CONF"}, want: "This Java speaks"},
		{id: "java", version: "17", confidence: classify.High, startTLS: "mysql", want: "Connector/J"},
		{id: "java-8", version: "8", confidence: classify.Medium, startTLS: "tds", want: "SQL Server"},
		{id: "java-8", version: "8", confidence: classify.Medium, startTLS: "smtp", want: "mail.smtp.ssl.protocols"},
		{id: "java", version: "17", confidence: classify.High, startTLS: "ldap", want: "This Java speaks TLS 1.2 and 1.3"},
		{id: "python", version: "3.11.4", confidence: classify.High, want: "This Python offers nothing below", not: "3.1"},
		{id: "python", version: "3.9", confidence: classify.High, want: "Update this Python (3.11 or newer)"},
		{id: "python", version: "2.7", confidence: classify.High, want: "Run a maintained Python (3.11 or newer)"},
		{id: "python", confidence: classify.High, want: "Run a maintained Python"},
		{id: "nodejs", version: "22.1.0", confidence: classify.High, want: "This Node.js speaks TLS 1.3", not: "Run Node.js"},
		{id: "nodejs", version: "11 to 16", confidence: classify.Medium, want: "Run Node.js 22"},
		{id: "go", version: "1.9.7", confidence: classify.High, want: "Build with a maintained Go"},
		{id: "go", version: "1.22.3", confidence: classify.High, want: "This Go release"},
		{id: "go", version: "1.44.0", library: "crypto/tls of Go 1.12.17", confidence: classify.High, want: "Build with a maintained Go"},
		{id: "go", version: "1.44.0", library: "crypto/tls of Go 1.22.3", confidence: classify.High, want: "This Go release"},
		{id: "openssl-0.9.8", version: "0.9.8", confidence: classify.Medium, want: "Update OpenSSL (0.9.8"},
		{id: "openssl-3", version: "3.0 to 3.4", confidence: classify.Medium, want: "This library speaks TLS 1.2"},
		{id: "curl", confidence: classify.High, line: []string{"curl", "-s", "--tls-max", "1.0", "https://x"}, want: "--tls-max 1.0"},
		{id: "curl", confidence: classify.High, line: []string{"curl", "--tls-max", "1.2"}, want: "Update curl"},
		{id: "curl", confidence: classify.High, line: []string{"curl", "--tls-max=1.1"}, want: "--tls-max=1.1"},
		{id: "wget", confidence: classify.High, line: []string{"wget", "--secure-protocol", "TLSv1"}, want: "--secure-protocol TLSv1"},
		{id: "curl", confidence: classify.High, line: []string{"--tlsv1.0"}, want: "Update curl"},
		{id: "curl", confidence: classify.High, line: []string{"curl", "--tls-max"}, want: "Update curl"},
		{id: "wget", confidence: classify.High, line: []string{"wget", "--secure-protocol=TLSv1_2"}, want: "Update wget"},
	} {
		f := &classify.Finding{
			Fix: classify.FixClient, Software: &classify.Software{ID: test.id, Version: test.version, Library: test.library, Confidence: test.confidence},
			Process: &classify.Process{CommandLine: test.line, Variables: test.variables},
		}
		f.StartTLS = test.startTLS
		got := For(f).Summary
		if !strings.Contains(got, test.want) || test.not != "" && strings.Contains(got, test.not) {
			t.Errorf("%s %s %q: %s", test.id, test.version, test.line, got)
		}
	}
}

func TestForAllocatesNothing(t *testing.T) {
	f := &classify.Finding{
		Verdict: classify.Violation, Fix: classify.FixClient, Software: &classify.Software{ID: "java-8", Version: "8u262", Confidence: classify.High},
		Process: &classify.Process{Executable: "/usr/bin/java (deleted)", CommandLine: []string{"java", "-Xmx1g", "-jar", "x.jar"}},
	}
	if n := testing.AllocsPerRun(100, func() { For(f) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestWhatIsNoGuide(t *testing.T) {
	const good = "title: T\nsummary: S.\nchecked: 2026-11-28\nsource: P, page 3, https://example.com/\n\n" +
		"- Do this,\n  and that.\n    $ a command \\\n        -x\n    > 1...\n"
	g, err := parse("good", good)
	if err != nil || g.Steps[0].Text != "Do this, and that." || g.Sources[0] != (source{"P, page 3", "https://example.com/"}) ||
		!reflect.DeepEqual(g.Steps[0].Commands, []command{{Lines: []string{`a command \`, "  -x"}, Prints: []string{"1..."}}}) {
		t.Fatalf("%+v, %v", g, err)
	}
	for name, text := range map[string]string{
		"no steps":           "title: T\nsummary: S.\nchecked: 2026-11-28\nsource: P\n",
		"an unknown field":   "colour: red\n" + good,
		"no field":           "title\n" + good,
		"no summary":         strings.Replace(good, "summary: S.\n", "", 1),
		"no source":          strings.Replace(good, "source: P, page 3, https://example.com/\n", "", 1),
		"no date":            strings.Replace(good, "checked: 2026-11-28\n", "", 1),
		"no day":             strings.Replace(good, "2026-11-28", "November 2026", 1),
		"a question only":    "question: Which?\n" + good,
		"leads only":         "lead: x: Y\n" + good,
		"half a lead":        "lead: x\n" + good,
		"text before a step": strings.Replace(good, "- Do this,", "Do this,", 1),
		"text in commands":   good + "  and more\n",
		"text not indented":  strings.Replace(good, "  and that", "and that", 1),
		"prints, then more":  good + "        -y\n",
		"prints only":        strings.Replace(good, "    $ a command \\\n        -x\n", "", 1) + "    $ b\n      c\n    d\n",
	} {
		if _, err := parse("bad", text); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	all, err := readAll([]text{{"a", "software: x\n" + good}, {"b", "software: x\n" + good}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newLibrary(all); err == nil {
		t.Error("two guides for one software")
	}
}
