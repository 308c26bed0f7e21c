//go:build e2e

package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	e2eFolder   = "../../testdata/e2e" // the programs of the clients
	e2ePatience = 10 * time.Second     // for one call
)

// e2eClient is a real program, and how to limit it to a TLS version.
type e2eClient struct {
	name     string
	versions []string // that it can be limited to, the best last; "": no limit
	program  string   // base name of the executable
	software string   // id
	advice   string   // id, when it has to change
	unsure   bool     // the process alone does not identify it
	service  string
	host     string // "": the service's name in us-west-2
	child    bool   // a child of it connects
	// cure is what its guide says to change. With "fixed" for a version, command or env
	// has made that change.
	cure   string
	cureIn string // the guide, if its own only names that
	cured  string // the version that is selected then
	// command is the program with its arguments for a version.
	command func(e *e2e, version string) []string
	env     func(e *e2e, version string) []string
}

// fixed stands for a version, for a client that was changed as its guide says.
const fixed = "fixed"

var (
	tls10to12 = []string{"", "TLSv1", "TLSv1.1", "TLSv1.2"}
	tls10to13 = []string{"", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"}
)

var e2eClients = []e2eClient{
	{name: "curl", versions: tls10to13, program: "curl", software: "curl", advice: "curl", service: "dynamodb",
		command: func(e *e2e, v string) []string {
			args := []string{"curl", "-sS", "--cacert", e.ca, "https://" + awsName}
			if v != "" {
				of := strings.TrimPrefix(v+".0", "TLSv")[:3]
				args = append(args, "--tlsv"+of, "--tls-max", of)
			}
			return args
		}, env: oldOpenSSL},
	{name: "AWS CLI", versions: tls10to13, program: "python3", software: "aws-cli-2", advice: "aws-cli-2", service: "dynamodb",
		command: func(e *e2e, _ string) []string {
			return []string{"/usr/bin/aws", "dynamodb", "list-tables", "--region", "us-west-2", "--ca-bundle", e.ca}
		}, env: heldPython, unsure: true}, // Debian runs version 2 on its own Python, as version 1 is run elsewhere
	{name: "boto3", versions: tls10to13, program: "python3", software: "python", advice: "python", service: "dynamodb",
		command: func(e *e2e, _ string) []string { return []string{"/usr/bin/python3", e.file("python/boto.py")} }, env: heldPython},
	{name: "SDK for Ruby", versions: tls10to13, program: "ruby", software: "ruby", advice: "ruby", service: "s3",
		command: func(e *e2e, _ string) []string { return []string{"/usr/bin/ruby", e.file("ruby/s3.rb")} }},
	{name: "SDK for JavaScript v3, Node.js", versions: tls10to13, program: "node", software: "nodejs", advice: "nodejs", service: "dynamodb",
		command: func(e *e2e, _ string) []string { return []string{"node", e.file("node/v3.js")} }},
	{name: "SDK for JavaScript v3, Node.js 12", versions: tls10to13, program: "node", software: "nodejs", advice: "nodejs", service: "dynamodb",
		command: func(e *e2e, _ string) []string {
			return []string{e.file("node/node_modules/node-12/bin/node"), "--tls-min-v1.0", e.file("node/v3.js")}
		}},
	{name: "SDK for JavaScript v2, Node.js 8", versions: tls10to12, program: "node", software: "nodejs", advice: "nodejs", service: "dynamodb",
		command: func(e *e2e, _ string) []string {
			return []string{e.file("node/node_modules/node-8/bin/node"), e.file("node/v2.js")}
		}},
	{name: "SDK for Go v2", versions: tls10to13, program: "e2e-go", software: "go", advice: "go", service: "dynamodb",
		command: func(e *e2e, _ string) []string { return []string{e.made("e2e-go")} }},
	{name: "Java", versions: tls10to13, program: "java", software: "java", advice: "java", service: "dynamodb",
		command: func(e *e2e, v string) []string {
			args := []string{"java", "-Djava.security.properties=" + e.made("java.security")}
			if v != "" {
				args = append(args, "-Djdk.tls.client.protocols="+v)
			}
			return append(args, "-cp", e.made("."), "Client", "https://"+awsName)
		}},
	{name: "Mono (.NET Framework)", versions: tls10to12, program: "mono-sgen", software: "mono", advice: "mono", service: "dynamodb",
		command: func(e *e2e, _ string) []string { return []string{"mono", e.made("Client.exe"), "https://" + awsName} }},
}

// oldOpenSSL allows the versions that distributions forbid, and limits OpenSSL to one.
func oldOpenSSL(e *e2e, version string) []string {
	if version == "" {
		return nil
	}
	name, text := e.made("openssl-"+version+".cnf"), allowOld+"MaxProtocol = "+version+"\n"
	if version == fixed {
		text = strings.Replace(allowOld, "MinProtocol = TLSv1\n", "MinProtocol = TLSv1.2\n", 1)
	}
	must(e.t, os.WriteFile(name, []byte(text), 0o644))
	return []string{"OPENSSL_CONF=" + name}
}

func heldPython(e *e2e, _ string) []string { return []string{"PYTHONPATH=" + e.file("python")} }

// TestE2E lets real AWS SDKs call a server that pretends to be AWS, and compares the events
// with the versions that the SDKs were limited to.
func TestE2E(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("make e2e takes root: it makes network namespaces and looks at processes")
	}
	defer func() {
		if t.Skipped() {
			t.Error("nothing was tested")
		}
	}()
	e := newE2E(t)
	for _, c := range slices.Concat(e2eClients, e2eMoreClients) {
		t.Run(c.name, func(t *testing.T) {
			for _, version := range c.versions {
				e.check(t, &c, version)
			}
			if c.cure != "" {
				e.checkCure(t, &c)
			}
		})
	}
	t.Run("server that chooses less", func(t *testing.T) {
		e.checkServer(t, "sqs.us-west-2.amazonaws.com", "violation", "TLSv1", "server-api")
	})
	t.Run("server that refuses", func(t *testing.T) { e.checkRefused(t) })
	t.Run("Postfix", e.checkPostfix)
	t.Run("Exim", e.checkExim)
	if status := e.tlsfloor.stop(); status != exitOK {
		t.Errorf("exit status %d: %s", status, e.tlsfloor.said())
	}
	t.Logf("client, held to -> what tlsfloor says\n%s", e.table.String())
}

// check runs a client once, and checks its event.
func (e *e2e) check(t *testing.T, c *e2eClient, version string) {
	t.Helper()
	args := c.command(e, version)
	if _, err := exec.LookPath(args[0]); err != nil {
		t.Fatalf("%s is not installed (.ci/setup e2e): %v", c.name, err)
	}
	var env []string
	if c.env != nil {
		env = c.env(e, version)
	}
	out, pid, err := e.run(append(env, "E2E_TLS="+version), args)
	ev, ok := e.event(t)
	if err != nil || !ok {
		t.Errorf("%s held to %q: %v, event %v: %.800s", c.name, version, err, ok, out)
		return
	}
	e.note(c.name, version, &ev)
	got, want := ev.facts(), c.facts(version, ev.Verdict, pid)
	if c.child {
		got.pid = ev.parent(pid)
	}
	if got != want {
		t.Errorf("%s held to %q:\n got %+v\nwant %+v\n%+v", c.name, version, got, want, ev)
	}
}

// checkCure changes a client as its guide says.
func (e *e2e) checkCure(t *testing.T, c *e2eClient) {
	t.Helper()
	guide := e.guide(t, c.advice)
	if c.cureIn != "" {
		if !strings.Contains(guide, "tlsfloor explain "+c.cureIn) {
			t.Errorf("the guide %s does not name %s", c.advice, c.cureIn)
		}
		guide = e.guide(t, c.cureIn)
	}
	if !strings.Contains(guide, c.cure) {
		t.Errorf("the guide does not say %q:\n%s", c.cure, guide)
	}
	e.check(t, c, fixed)
}

// e2eFacts are the compared fields of an event.
type e2eFacts struct {
	version, verdict, host, service, program, software, confidence, advice, sensor string
	flagged                                                                        bool
	pid                                                                            int
}

func (ev *e2eEvent) facts() e2eFacts {
	return e2eFacts{
		version: ev.Server.Version, verdict: ev.Verdict, host: ev.Host, service: ev.AWS.Service, program: ev.program(), software: ev.Software.ID,
		confidence: ev.Software.Confidence, advice: ev.Advice.ID, sensor: ev.Sensor.Host, flagged: ev.Flagged, pid: ev.Process.PID,
	}
}

// facts returns the expected facts. A client without a limit agrees on its best version.
// Whether it would also accept less is its distribution's choice, so the verdict of the
// event is accepted.
func (c *e2eClient) facts(version, found string, pid int) e2eFacts {
	f := e2eFacts{
		version: version, verdict: "ok", host: cmp.Or(c.host, c.service+".us-west-2.amazonaws.com"), service: c.service, program: c.program,
		software: c.software, confidence: "high", sensor: e2eSensor, pid: pid,
	}
	if c.unsure {
		f.confidence = "medium"
	}
	switch {
	case version == "TLSv1" || version == "TLSv1.1":
		f.verdict, f.advice, f.flagged = "violation", c.advice, true
	case version == fixed:
		f.version = c.cured
	case version == "":
		f.version = c.versions[len(c.versions)-1]
		if found == "exposed" {
			f.verdict, f.advice = found, c.advice
		}
	}
	return f
}

// program returns the name without the version at the end of Debian's executables.
func (ev *e2eEvent) program() string {
	name := filepath.Base(ev.Process.Executable)
	if before, _, ok := strings.Cut(name, "."); ok {
		name = before
	}
	if strings.HasPrefix(name, "ruby") {
		return "ruby"
	}
	return name
}

// checkServer lets a client that offers everything call a server that selects too little:
// the advice is for the server's side.
func (e *e2e) checkServer(t *testing.T, host, verdict, version, advice string) {
	t.Helper()
	_, _, _ = e.run(oldOpenSSL(e, "TLSv1.3"), []string{"curl", "-sS", "--cacert", e.ca, "https://" + host})
	ev, ok := e.event(t)
	if !ok || ev.Verdict != verdict || ev.Server.Version != version || ev.Fix != "server" || ev.Advice.ID != advice || ev.Software.ID != "curl" {
		t.Errorf("%v, %+v", ok, ev)
	}
	e.note("curl, to a server that chooses less", "", &ev)
}

// checkRefused: the handshake fails, and curl ends a millisecond later.
func (e *e2e) checkRefused(t *testing.T) {
	t.Helper()
	_, pid, err := e.run(oldOpenSSL(e, "TLSv1.1"), []string{"curl", "-sS", "--tls-max", "1.1", "--cacert", e.ca, "https://sts.us-west-2.amazonaws.com"})
	ev, ok := e.event(t)
	if err == nil || !ok || ev.Verdict != "attempt" || !ev.Flagged || ev.Advice.ID != "curl" || ev.Software.ID != "curl" || ev.Process.PID != pid {
		t.Errorf("%v, %v, %+v", err, ok, ev)
	}
	e.note("curl, to a server that refuses", "TLSv1.1", &ev)
}

// event waits for the only event of the client that ran last. Any other, of an earlier
// client or of a second connection, is an error.
func (e *e2e) event(t *testing.T) (e2eEvent, bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		all := readE2E(t, e.events)
		if len(all) == e.seen {
			continue
		}
		if len(all) > e.seen+1 {
			t.Errorf("%d events of one client: %+v", len(all)-e.seen, all[e.seen:])
		}
		e.seen = len(all)
		return all[len(all)-1], true
	}
	return e2eEvent{}, false
}

// run runs a client in the namespace, with its hosts file. It returns the output and the
// number of the process, which unshare and the shell pass on. The client does not get this
// machine's environment, which may have authorities, proxies and settings of OpenSSL.
func (e *e2e) run(env, args []string) (string, int, error) {
	const enter = `mount --bind "$0" /etc/hosts && exec "$@"`
	ctx, cancel := context.WithTimeout(context.Background(), e2ePatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "unshare", append([]string{"-m", "sh", "-c", enter, e.made("hosts")}, args...)...)
	cmd.WaitDelay = time.Second
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + e.folder, "LANG=C.UTF-8", "E2E_CA=" + e.ca,
		"AWS_ACCESS_KEY_ID=e2e", "AWS_SECRET_ACCESS_KEY=e2e", "AWS_MAX_ATTEMPTS=1",
		"AWS_EC2_METADATA_DISABLED=true", "AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE=1"}, env...)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	var err error
	e.network.do(func() { err = cmd.Start() })
	if err != nil {
		return "", 0, err
	}
	err = cmd.Wait()
	if ctx.Err() != nil {
		err = fmt.Errorf("did not end within %v: %w", e2ePatience, err)
	}
	return out.String(), cmd.Process.Pid, err
}
