//go:build e2e

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// e2eFolder holds the clients' programs.
const e2eFolder = "../../testdata/e2e"

// e2eClient is a real program, with how it is held to a TLS version.
type e2eClient struct {
	name     string
	versions []string // that it can be held to; "": it is left alone
	program  string   // base name of the executable
	software string   // id
	advice   string   // id, when it has to change
	unsure   bool     // the process alone does not settle it
	service  string
	// command is the program with its arguments for a version.
	command func(e *e2e, version string) []string
	env     func(e *e2e, version string) []string
}

var (
	tls10to12 = []string{"TLSv1", "TLSv1.1", "TLSv1.2"}
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
	{name: "SDK for JavaScript v2, Node.js 8", versions: append(tls10to12, ""), program: "node", software: "nodejs", advice: "nodejs", service: "dynamodb",
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
	{name: "Mono (.NET Framework)", versions: append(tls10to12, ""), program: "mono-sgen", software: "mono", advice: "mono", service: "dynamodb",
		command: func(e *e2e, _ string) []string { return []string{"mono", e.made("Client.exe"), "https://" + awsName} }},
}

// oldOpenSSL allows the versions that distributions forbid, and holds OpenSSL to
// one.
func oldOpenSSL(e *e2e, version string) []string {
	if version == "" {
		return nil
	}
	name := e.made("openssl-" + version + ".cnf")
	must(e.t, os.WriteFile(name, []byte(allowOld+"MaxProtocol = "+version+"\n"), 0o644))
	return []string{"OPENSSL_CONF=" + name}
}

func heldPython(e *e2e, _ string) []string { return []string{"PYTHONPATH=" + e.file("python")} }

// TestE2E has real AWS SDKs call a server that pretends to be AWS, and compares
// what tlsfloor says with what they were told to do.
func TestE2E(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("make e2e takes root: it makes network namespaces and looks at processes")
	}
	e := newE2E(t)
	for i := range e2eClients {
		c := &e2eClients[i]
		t.Run(c.name, func(t *testing.T) {
			for _, version := range c.versions {
				e.check(t, c, version)
			}
		})
	}
	t.Run("server that chooses less", func(t *testing.T) { e.checkServer(t, "sqs.us-west-2.amazonaws.com", "violation", "TLSv1", "server") })
	t.Run("server that refuses", func(t *testing.T) { e.checkRefused(t) })
	if status := e.tlsfloor.stop(); status != exitOK {
		t.Errorf("exit status %d: %s", status, e.tlsfloor.said())
	}
	t.Logf("client, held to -> what tlsfloor says\n%s", e.table.String())
}

// check runs a client once, and looks at its event.
func (e *e2e) check(t *testing.T, c *e2eClient, version string) {
	t.Helper()
	var env []string
	if c.env != nil {
		env = c.env(e, version)
	}
	out, err := e.run(append(env, "E2E_TLS="+version), c.command(e, version))
	ev, ok := e.event(t)
	if err != nil || !ok {
		t.Errorf("%s held to %q: %v, event %v: %.800s", c.name, version, err, ok, out)
		return
	}
	e.note(c.name, version, &ev)
	low := version == "TLSv1" || version == "TLSv1.1"
	want := map[string]string{
		"version": version, "verdict": "", "service": c.service, "program": c.program, "software": c.software,
		"confidence": "high", "flagged": fmt.Sprint(low), "advice": "",
	}
	got := map[string]string{
		"version": ev.Server.Version, "verdict": "", "service": ev.AWS.Service, "program": ev.program(), "software": ev.Software.ID,
		"confidence": ev.Software.Confidence, "flagged": fmt.Sprint(ev.Flagged), "advice": "",
	}
	if c.unsure {
		want["confidence"] = "medium"
	}
	if version == "" {
		want["version"] = got["version"] // its own choice
		want["flagged"] = fmt.Sprint(got["version"] < "TLSv1.2")
	}
	if low {
		want["verdict"], got["verdict"], want["advice"], got["advice"] = "violation", ev.Verdict, c.advice, ev.Advice.ID
	}
	if fmt.Sprint(got) != fmt.Sprint(want) || ev.Process.PID == 0 {
		t.Errorf("%s held to %q:\n got %v\nwant %v\n%+v", c.name, version, got, want, ev)
	}
}

// program is the name without the version that Debian's executables end in.
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

// checkServer has a client that offers everything call a server that chooses
// too little: the advice is for the server's side.
func (e *e2e) checkServer(t *testing.T, host, verdict, version, advice string) {
	t.Helper()
	_, _ = e.run(oldOpenSSL(e, "TLSv1.3"), []string{"curl", "-sS", "--cacert", e.ca, "https://" + host})
	ev, ok := e.event(t)
	if !ok || ev.Verdict != verdict || ev.Server.Version != version || ev.Fix != "server" || ev.Advice.ID != advice || ev.Software.ID != "curl" {
		t.Errorf("%v, %+v", ok, ev)
	}
	e.note("curl, to a server that chooses less", "", &ev)
}

// checkRefused: nothing was agreed, and curl has ended a millisecond later.
func (e *e2e) checkRefused(t *testing.T) {
	t.Helper()
	_, err := e.run(oldOpenSSL(e, "TLSv1.1"), []string{"curl", "-sS", "--tls-max", "1.1", "--cacert", e.ca, "https://sts.us-west-2.amazonaws.com"})
	ev, ok := e.event(t)
	if err == nil || !ok || ev.Verdict != "attempt" || !ev.Flagged || ev.Advice.ID != "curl" || ev.Software.ID != "curl" {
		t.Errorf("%v, %v, %+v", err, ok, ev)
	}
	e.note("curl, to a server that refuses", "TLSv1.1", &ev)
}

// event waits for the next event.
func (e *e2e) event(t *testing.T) (e2eEvent, bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if all := readE2E(t, e.events); len(all) > e.seen {
			e.seen = len(all)
			return all[len(all)-1], true
		}
	}
	return e2eEvent{}, false
}

// run runs a client in the namespace, with its hosts file, half a minute at most.
func (e *e2e) run(env, args []string) (string, error) {
	const enter = `mount --bind "$0" /etc/hosts && exec "$@"`
	all := append([]string{"-k", "1", "30", "unshare", "-m", "sh", "-c", enter, e.made("hosts")}, args...)
	cmd := exec.Command("timeout", all...)
	cmd.Env = append(append(os.Environ(), "E2E_CA="+e.ca, "AWS_ACCESS_KEY_ID=e2e", "AWS_SECRET_ACCESS_KEY=e2e", "AWS_MAX_ATTEMPTS=1",
		"AWS_EC2_METADATA_DISABLED=true", "AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE=1", "HOME="+e.folder), env...)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	var err error
	e.network.do(func() { err = cmd.Start() })
	if err == nil {
		err = cmd.Wait()
	}
	return out.String(), err
}
