package standin

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// Receiver is a real server that the tests end and start again.
type Receiver interface {
	Start()
	Stop()
	Kill()
	// Received returns what the server has kept, as text in which events can be found.
	Received() string
}

// Streams are the addresses of a syslog server for TCP and TLS: where it reads lines, and
// where it counts octets.
type Streams struct {
	Lines, Octets, SecureLines, SecureOctets string
	Authority                                *Authority // of the server's certificate
}

func (p *process) newStreams() (s Streams, certificate, key string) {
	p.t.Helper()
	s = Streams{freeAddress(p.t), freeAddress(p.t), freeAddress(p.t), freeAddress(p.t), NewAuthority(p.t)}
	p.listens = append(p.listens, s.Lines, s.Octets, s.SecureLines, s.SecureOctets)
	certificate, key = s.Authority.Issue(p.t, "server.test")
	return s, certificate, key
}

// SyslogNG is a real syslog-ng.
type SyslogNG struct {
	*process
	Streams
}

const syslogNGConfig = `@version: 3.38
options { log-msg-size(65536); flush-lines(1); };
source received {
	network(ip("127.0.0.1") port(%[1]s) transport("tcp") flags(syslog-protocol));
	syslog(ip("127.0.0.1") port(%[2]s) transport("tcp"));
	network(ip("127.0.0.1") port(%[3]s) transport("tls") flags(syslog-protocol)
		tls(cert-file("%[5]s") key-file("%[6]s") peer-verify(optional-untrusted)));
	syslog(ip("127.0.0.1") port(%[4]s) transport("tls")
		tls(cert-file("%[5]s") key-file("%[6]s") peer-verify(optional-untrusted)));
};
destination file { file("received" template("$PRI $HOST $PROGRAM $MSGID $MSG\n")); };
log { source(received); destination(file); flags(flow-control); };
`

// StartSyslogNG starts a server.
func StartSyslogNG(t testing.TB) *SyslogNG {
	t.Helper()
	p := newProcess(t, "syslog-ng", ".ci/setup tests unpacks it")
	s, certificate, key := p.newStreams()
	config := p.write("syslog-ng.conf", fmt.Sprintf(syslogNGConfig,
		port(s.Lines), port(s.Octets), port(s.SecureLines), port(s.SecureOctets), certificate, key))
	p.command = append(p.command, "-F", "--no-caps", "-f", config, "-R", p.folder+"/persist", "-p", p.folder+"/pid", "-c", p.folder+"/control")
	p.Start()
	return &SyslogNG{p, s}
}

// Received implements Receiver.
func (s *SyslogNG) Received() string { return s.read("received") }

// Collector is a real OpenTelemetry Collector.
type Collector struct {
	*process
	Streams
}

const collectorConfig = `
receivers:
  syslog/lines: {protocol: rfc5424, tcp: {listen_address: "%[1]s"}}
  syslog/octets: {protocol: rfc5424, enable_octet_counting: true, max_octets: 65536, tcp: {listen_address: "%[2]s"}}
  syslog/secure_lines:
    {protocol: rfc5424, tcp: {listen_address: "%[3]s", tls: {cert_file: "%[5]s", key_file: "%[6]s"}}}
  syslog/secure_octets:
    protocol: rfc5424
    enable_octet_counting: true
    max_octets: 65536
    tcp: {listen_address: "%[4]s", tls: {cert_file: "%[5]s", key_file: "%[6]s"}}
exporters:
  file: {path: received, append: true, flush_interval: 100ms}
service:
  telemetry: {metrics: {level: none}}
  pipelines:
    logs: {receivers: [syslog/lines, syslog/octets, syslog/secure_lines, syslog/secure_octets], exporters: [file]}
`

// StartCollector starts a server.
func StartCollector(t testing.TB) *Collector {
	t.Helper()
	p := newProcess(t, "otelcol", "make receivers builds it")
	s, certificate, key := p.newStreams()
	config := p.write("config.yaml", fmt.Sprintf(collectorConfig, s.Lines, s.Octets, s.SecureLines, s.SecureOctets, certificate, key))
	p.command = append(p.command, "--config", "file:"+config)
	p.Start()
	return &Collector{p, s}
}

// Received implements Receiver. It returns the texts of messages that were parsed: what
// cannot be parsed is passed on as it came.
func (c *Collector) Received() string {
	return strings.Join(parsedMessage.FindAllString(c.read("received"), -1), "\n")
}

var parsedMessage = regexp.MustCompile(`"key":"message","value":\{"stringValue":"(?:[^"\\]|\\.)*"`)

// Telegraf is a real Telegraf.
type Telegraf struct {
	*process
	Streams
}

const telegrafConfig = `
[agent]
  flush_interval = "100ms"
  metric_batch_size = 100
[[inputs.syslog]]
  server = "tcp://%[1]s"
  framing = "non-transparent"
[[inputs.syslog]]
  server = "tcp://%[2]s"
[[inputs.syslog]]
  server = "tcp://%[3]s"
  framing = "non-transparent"
  tls_cert = "%[5]s"
  tls_key = "%[6]s"
[[inputs.syslog]]
  server = "tcp://%[4]s"
  tls_cert = "%[5]s"
  tls_key = "%[6]s"
[[outputs.file]]
  files = ["received"]
  data_format = "json"
`

// StartTelegraf starts a server. Unless it is told otherwise, it counts octets.
func StartTelegraf(t testing.TB) *Telegraf {
	t.Helper()
	p := newProcess(t, "telegraf", "make receivers builds it")
	s, certificate, key := p.newStreams()
	config := p.write("telegraf.conf", fmt.Sprintf(telegrafConfig, s.Lines, s.Octets, s.SecureLines, s.SecureOctets, certificate, key))
	p.command = append(p.command, "--config", config)
	p.Start()
	return &Telegraf{p, s}
}

// Received implements Receiver.
func (g *Telegraf) Received() string { return g.read("received") }

// VictoriaLogs is a real VictoriaLogs. It takes syslog of either framing on one port.
type VictoriaLogs struct {
	*process
	Streams
	HTTP string // address
}

// StartVictoriaLogs starts a server.
func StartVictoriaLogs(t testing.TB) *VictoriaLogs {
	t.Helper()
	v := &VictoriaLogs{process: newProcess(t, "victoria-logs", "make receivers builds it"), HTTP: freeAddress(t)}
	v.Lines, v.SecureLines, v.Authority = freeAddress(t), freeAddress(t), NewAuthority(t)
	v.Octets, v.SecureOctets = v.Lines, v.SecureLines
	certificate, key := v.Authority.Issue(t, "server.test")
	v.listens = []string{v.Lines, v.SecureLines, v.HTTP}
	v.command = append(v.command, "-storageDataPath="+v.folder+"/data", "-httpListenAddr="+v.HTTP, "-retentionPeriod=100y",
		"-syslog.listenAddr.tcp="+v.Lines, "-syslog.tls=false",
		"-syslog.listenAddr.tcp="+v.SecureLines, "-syslog.tls=true",
		"-syslog.tlsCertFile=", "-syslog.tlsCertFile="+certificate, "-syslog.tlsKeyFile=", "-syslog.tlsKeyFile="+key)
	v.Start()
	return v
}

// Received implements Receiver. It asks the server, which has to be up.
func (v *VictoriaLogs) Received() string {
	v.t.Helper()
	r, err := http.Get("http://" + v.HTTP + "/select/logsql/query?query=" + url.QueryEscape("*") + "&limit=1000000")
	if err != nil {
		v.t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		v.t.Fatalf("%v, %s: %s", err, r.Status, text)
	}
	return string(text)
}
