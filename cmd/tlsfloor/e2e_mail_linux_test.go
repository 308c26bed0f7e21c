//go:build e2e

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mailServer is a mail server that sends all mail to SES.
type mailServer struct {
	name, program, software string
	// enter has the commands that enter the server's own mounts; folder is for its files.
	enter  []string
	folder string
	env    []string
}

// checkMail sends a message by an old version, which SES refuses, makes the change that
// the guide names, and sends another.
func (e *e2e) checkMail(t *testing.T, m *mailServer, send []string, change string) {
	t.Helper()
	for _, step := range []struct {
		held, version, verdict, advice string
		accepted                       int32
	}{{"TLSv1", "TLSv1", "violation", "mail", 0}, {fixed, "TLSv1.3", "ok", "", 1}} {
		if step.held == fixed {
			if out, err := e.in(m, []string{"sh", "-c", change}); err != nil {
				t.Fatalf("%v: %s\n%s", err, change, out)
			}
		}
		before := e.ses.accepted.Load()
		out, err := e.in(m, send)
		ev, ok := e.event(t)
		e.note(m.name, step.held, &ev)
		if err != nil || !ok || ev.Host != sesName || ev.Server.Version != step.version || ev.Verdict != step.verdict || ev.Advice.ID != step.advice ||
			ev.program() != m.program || ev.Software.ID != m.software || ev.Software.Confidence != "high" || len(ev.Process.Parents) == 0 {
			t.Errorf("%s held to %s: %v, %v: %+v\n%.800s", m.name, step.held, ok, err, ev, out)
		}
		eventually(t, "SES has answered", func() bool { return e.ses.left.Load() == e.ses.greeted.Load() })
		if accepted := e.ses.accepted.Load() - before; accepted != step.accepted {
			t.Errorf("%s held to %s: SES accepted %d messages, want %d", m.name, step.held, accepted, step.accepted)
		}
	}
}

// in runs a command where the mail server is.
func (e *e2e) in(m *mailServer, args []string) (string, error) {
	cmd := exec.Command(m.enter[0], append(m.enter[1:], args...)...)
	cmd.Stdin = strings.NewReader("From: e2e@example.com\nTo: e2e@example.com\nSubject: e2e\n\ne2e\n")
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, m.env...)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	var err error
	e.network.do(func() { err = cmd.Start() })
	if err != nil {
		return "", err
	}
	return out.String(), cmd.Wait()
}

// postfixSettings are what a Postfix that sends by SES has, and what holds it to TLS 1.0.
// A message that SES refuses does not come back: its sender is empty.
const postfixSettings = `compatibility_level = 3.6
maillog_file = /dev/stdout
myhostname = sender.example.com
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
relayhost = [%[1]s]:587
disable_dns_lookups = yes
smtp_host_lookup = native
smtp_tls_security_level = verify
smtp_tls_CAfile = %[2]s
smtp_tls_servername = hostname
smtp_tls_mandatory_protocols = TLSv1
`

// checkPostfix runs Debian's Postfix with a configuration and a queue of its own.
func (e *e2e) checkPostfix(t *testing.T) {
	folder := e.made("postfix")
	must(t, os.MkdirAll(folder, 0o755))
	must(t, os.WriteFile(filepath.Join(folder, "main.cf"), fmt.Appendf(nil, postfixSettings, sesName, e.ca), 0o644))
	const run = `cp "$0/main.cf" "$1"/main.cf.new && cp -r /etc/postfix/* "$1" && mv "$1"/main.cf.new "$1"/main.cf &&
mount --bind "$1" /etc/postfix && mount --bind "$2" /etc/hosts &&
mount -t tmpfs none /var/spool/postfix && mount -t tmpfs none /var/lib/postfix && chown postfix /var/lib/postfix && chmod 755 /var/spool/postfix &&
postconf -F '*/*/chroot = n' && exec postfix start-fg`
	etc := e.made("postfix-etc")
	must(t, os.MkdirAll(etc, 0o755))
	master := exec.Command("unshare", "-m", "sh", "-c", run, folder, etc, e.made("hosts"))
	e.network.runs(t, master)
	enter := []string{"nsenter", "-m", "-t", fmt.Sprint(master.Process.Pid)}
	m := &mailServer{name: "Postfix", program: "smtp", software: "openssl-3", enter: enter}
	eventually(t, "Postfix runs", func() bool { _, err := e.in(m, []string{"postfix", "status"}); return err == nil })
	t.Cleanup(func() {
		if out, err := e.in(m, []string{"postfix", "stop"}); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	change := e.commands(t, "mail", "sudo postconf") + "\n" + e.commands(t, "mail", "sudo postfix")
	e.checkMail(t, m, []string{"sendmail", "-f", "<>", "someone@example.com"}, "sudo() { \"$@\"; }\n"+change)
}

// commands returns the command of a guide that begins so. It may have several lines.
func (e *e2e) commands(t *testing.T, id, begins string) string {
	t.Helper()
	out, err := exec.Command(e.binary, "explain", id).Output()
	must(t, err)
	var command []string
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSpace(line)
		if len(command) == 0 && !strings.HasPrefix(line, begins) {
			continue
		}
		command = append(command, line)
		if !strings.HasSuffix(line, `\`) {
			return strings.Join(command, "\n")
		}
	}
	t.Fatalf("the guide %s has no command that begins with %q:\n%s", id, begins, out)
	return ""
}

// eximSettings are what an Exim that sends by SES has, and what holds it to TLS 1.0.
const eximSettings = `primary_hostname = sender.example.com
log_file_path = %[1]s/log/%%slog
spool_directory = %[1]s/spool
exim_path = %[3]s
tls_advertise_hosts =
begin routers
ses:
  driver = manualroute
  route_list = * %[4]s byname
  self = send
  transport = ses
begin transports
ses:
  driver = smtp
  port = 587
  hosts_require_tls = *
  tls_verify_certificates = %[2]s
  tls_sni = %[4]s
  tls_require_ciphers = NORMAL:-VERS-ALL:+VERS-TLS1.0
`

// checkExim runs Debian's Exim, which its package cannot be installed beside Postfix, for
// one message at a time.
func (e *e2e) checkExim(t *testing.T) {
	folder := e.made("exim")
	program := e.file("exim/usr/sbin/exim4")
	must(t, os.MkdirAll(filepath.Join(folder, "log"), 0o777))
	must(t, os.MkdirAll(filepath.Join(folder, "spool"), 0o777))
	settings := filepath.Join(folder, "exim.conf")
	must(t, os.WriteFile(settings, fmt.Appendf(nil, eximSettings, folder, e.ca, program, sesName), 0o644))
	// The user that the program was built for.
	for name, line := range map[string]string{"passwd": "Debian-exim:x:65533:65533::/:/bin/false\n", "group": "Debian-exim:x:65533:\n"} {
		must(t, os.WriteFile(filepath.Join(folder, name), append(read(t, "/etc/"+name), line...), 0o644))
	}
	const enter = `for file in passwd group; do mount --bind "$0/$file" "/etc/$file" || exit; done
chown -R Debian-exim "$0/log" "$0/spool" && mount --bind "$1" /etc/hosts && shift && exec "$@"`
	m := &mailServer{name: "Exim", program: "exim4", software: "gnutls", enter: []string{"unshare", "-m", "sh", "-c", enter, folder, e.made("hosts")}}
	cipher := e.commands(t, "mail", "tls_require_ciphers = ")
	change := fmt.Sprintf("sed -i 's/tls_require_ciphers = .*/%s/' %s", cipher, settings)
	e.checkMail(t, m, []string{program, "-C", settings, "-odf", "-i", "-f", "<>", "someone@example.com"}, change)
}
