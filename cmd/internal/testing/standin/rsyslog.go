package standin

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// Rsyslog is a real rsyslogd. It writes each message to a file before it reads the next
// one.
type Rsyslog struct {
	*process
	UDP, TCP, TLS string // addresses
	Authority     *Authority
}

// rsyslogConfig has a queue of type Direct, so that a message is in the file before the
// server reads the next one.
const rsyslogConfig = `
global(workDirectory="%[1]s" maxMessageSize="64k"
	defaultNetstreamDriverCAFile="%[5]s" defaultNetstreamDriverCertFile="%[6]s" defaultNetstreamDriverKeyFile="%[7]s")
module(load="imudp")
module(load="imtcp")
template(name="parts" type="string" string="%%pri%% %%timestamp:::date-rfc3339%% %%hostname%% %%app-name%% %%procid%% %%msgid%% %%msg%%\n")
ruleset(name="file" queue.type="Direct") {
	action(type="omfile" file="%[1]s/received" template="parts" asyncWriting="off" flushOnTXEnd="on")
}
input(type="imudp" address="127.0.0.1" port="%[2]s" ruleset="file" rcvbufSize="4m")
input(type="imtcp" address="127.0.0.1" port="%[3]s" ruleset="file")
input(type="imtcp" address="127.0.0.1" port="%[4]s" ruleset="file"
	streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="anon")
`

// StartRsyslog starts a server. It skips the test if rsyslogd is not installed.
func StartRsyslog(t testing.TB) *Rsyslog {
	t.Helper()
	r := &Rsyslog{process: newProcess(t, "rsyslogd", "Debian: rsyslog, rsyslog-openssl"), Authority: NewAuthority(t)}
	r.UDP, r.TCP, r.TLS = freeAddress(t), freeAddress(t), freeAddress(t)
	certificate, key := r.Authority.Issue(t, "server.test")
	config := r.write("rsyslog.conf", fmt.Sprintf(rsyslogConfig,
		r.folder, port(r.UDP), port(r.TCP), port(r.TLS), r.Authority.File, certificate, key))
	r.command = append(r.command, "-n", "-f", config, "-i", filepath.Join(r.folder, "pid"))
	r.listens = []string{r.TCP, r.TLS} // it opens UDP first
	r.Start()
	return r
}

// Message is a message as the server parsed it.
type Message struct {
	Pri, Time, Host, App, Process, ID, Text string
}

// Received returns the messages so far.
func (r *Rsyslog) Received() (messages []Message) {
	r.t.Helper()
	for _, line := range strings.Split(strings.TrimSuffix(r.read("received"), "\n"), "\n") {
		if parts := strings.SplitN(line, " ", 7); len(parts) == 7 {
			messages = append(messages, Message{parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], parts[6]})
		} else if line != "" {
			r.t.Errorf("a message is not whole: %q", line)
		}
	}
	return messages
}
