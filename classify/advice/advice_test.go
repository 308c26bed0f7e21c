package advice

import (
	"net/url"
	"strings"
	"testing"

	"tlsfloor/classify"
	"tlsfloor/classify/aws"
	"tlsfloor/classify/client"
)

// All software has a guide, and each guide is for some software or service.
func TestEverySoftwareHasAGuide(t *testing.T) {
	for _, id := range client.IDs() {
		if _, ok := guides().bySoft[id]; !ok {
			t.Errorf("%s has no guide", id)
		}
	}
	for _, g := range All() {
		if g.ID != anyClient && g.ID != anyServer && g.ID != between && len(g.Software)+len(g.Services) == 0 {
			t.Errorf("%s is for nothing", g.ID)
		}
	}
}

func TestGuidesCanBeRead(t *testing.T) {
	for _, g := range All() {
		for _, page := range g.Pages {
			if u, err := url.Parse(page); err != nil || u.Scheme != "https" || u.Host == "" {
				t.Errorf("%s: %q is no page", g.ID, page)
			}
		}
		texts := []string{g.Title, g.Summary, g.Today}
		for _, s := range g.Steps {
			texts = append(append(texts, s.Text), s.Commands...)
		}
		for _, text := range texts {
			if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("%s: %q is not printable ASCII", g.ID, text)
			}
		}
		if !strings.HasSuffix(g.Summary, ".") || len(g.Summary) > 160 {
			t.Errorf("%s: the summary is no short sentence: %q", g.ID, g.Summary)
		}
		for _, other := range mentioned(g) {
			if _, ok := Lookup(other); !ok {
				t.Errorf("%s sends to %q, which is not there", g.ID, other)
			}
		}
	}
}

// mentioned lists the guides that a guide refers to.
func mentioned(g *Guide) (ids []string) {
	for _, s := range g.Steps {
		for _, part := range strings.Split(s.Text, `"tlsfloor explain `)[1:] {
			id, _, _ := strings.Cut(part, `"`)
			ids = append(ids, id)
		}
	}
	return ids
}

// The services are ids of classify/aws.
func TestServicesAreKnownByTheirNames(t *testing.T) {
	for host, want := range map[string]string{
		"abc123.execute-api.us-east-1.amazonaws.com":  "server-api-gateway",
		"my-lb-1.us-east-1.elb.amazonaws.com":         "server-load-balancer",
		"db.abc.us-east-1.rds.amazonaws.com":          "server-rds",
		"d1.cloudfront.net":                           "server-cloudfront",
		"search-x.us-east-1.es.amazonaws.com":         "server-opensearch",
		"abc.iot.us-east-1.amazonaws.com":             "server-iot",
		"s-1.server.transfer.us-east-1.amazonaws.com": "server-transfer",
		"photos.s3.eu-west-1.amazonaws.com":           "server-s3",
		"sqs.us-east-1.amazonaws.com":                 "server",
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
	node := &classify.Software{ID: "nodejs"}
	for name, test := range map[string]struct {
		finding classify.Finding
		want    string
	}{
		"a known client":            {classify.Finding{Verdict: classify.Violation, Fix: classify.FixClient, Software: node}, "nodejs"},
		"a client of a library":     {classify.Finding{Verdict: classify.Attempt, Fix: classify.FixClient, Software: &classify.Software{ID: "openssl-1.0.0"}}, "openssl"},
		"an unknown client":         {classify.Finding{Verdict: classify.Attempt, Fix: classify.FixClient}, "client"},
		"software without a guide":  {classify.Finding{Verdict: classify.Attempt, Fix: classify.FixClient, Software: &classify.Software{ID: "nonesuch"}}, "client"},
		"a server without a name":   {classify.Finding{Verdict: classify.Violation, Fix: classify.FixServer, Software: node}, "server"},
		"nobody knows who":          {classify.Finding{Verdict: classify.Violation, Fix: classify.FixUnknown, Software: node}, "middlebox"},
		"offers less than it needs": {classify.Finding{Verdict: classify.Exposed, Software: node}, "nodejs"},
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

func TestForAllocatesNothing(t *testing.T) {
	f := &classify.Finding{Verdict: classify.Violation, Fix: classify.FixClient, Software: &classify.Software{ID: "java-7"}}
	if n := testing.AllocsPerRun(100, func() { For(f) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestWhatIsNoGuide(t *testing.T) {
	const good = "title: T\nsummary: S.\npage: https://example.com/\n\n- Do this,\n  and that.\n    $ a command\n"
	g, err := parse("good", good)
	if err != nil || g.Steps[0].Text != "Do this, and that." || g.Steps[0].Commands[0] != "a command" {
		t.Fatalf("%+v, %v", g, err)
	}
	for name, text := range map[string]string{
		"no steps":           "title: T\nsummary: S.\npage: https://example.com/\n",
		"an unknown field":   "colour: red\n" + good,
		"no field":           "title\n" + good,
		"no page":            "title: T\nsummary: S.\n\n- Do this\n",
		"text before a step": strings.Replace(good, "- Do this,", "Do this,", 1),
		"text in commands":   good + "  and more\n",
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
