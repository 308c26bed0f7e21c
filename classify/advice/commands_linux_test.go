package advice

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// endpoint is the host that commands ask in the test. It is on loopback there.
const endpoint = "sts.amazonaws.com"

// runners are the programs of which a guide has a command that is run here.
var runners = []string{"node", "ruby", "java", "python3", "curl", "openssl", "php", "perl", "gnutls-cli", "go"}

// Commands print what their guide says they print.
func TestCommandsPrint(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what starts other programs")
	}
	room := newRoom(t)
	for _, g := range All() {
		for i, s := range g.Steps {
			for _, c := range s.Commands {
				if c.Prints != nil {
					t.Run(g.ID+"/"+strconv.Itoa(i+1), func(t *testing.T) { room.try(t, c) })
				}
			}
		}
	}
}

// Each kind of program has a command whose output is in its guide.
func TestCommandsOfEachProgram(t *testing.T) {
	seen := map[string]bool{}
	for _, g := range All() {
		for _, s := range g.Steps {
			for _, c := range s.Commands {
				if c.Prints != nil {
					seen[programIn(c)] = true
				}
			}
		}
	}
	for _, program := range runners {
		if !seen[program] {
			t.Errorf("no guide says what a command of %s prints", program)
		}
	}
}

func programIn(c command) string {
	program, _, _ := strings.Cut(c.Lines[0], " ")
	return program
}

// room is a folder with all that the commands need, and namespaces in which the endpoint
// is a server on loopback.
type room struct {
	folder string
	pid    int // of a process in the namespaces
}

// newRoom makes the room. It skips the test where no namespaces can be made.
func newRoom(t *testing.T) *room {
	r := &room{folder: t.TempDir()}
	for name, text := range sources {
		r.write(t, name, text)
	}
	r.write(t, "hosts", "127.0.0.1 localhost "+endpoint+"\n")
	r.certificate(t)
	r.write(t, "serve", serve)
	r.serve(t)
	return r
}

// serve starts the server in namespaces of its own, until the test ends.
func (r *room) serve(t *testing.T) {
	args := []string{"--net", "--mount", "./serve"}
	if os.Getuid() != 0 {
		args = append([]string{"--map-root-user"}, args...)
	}
	cmd := exec.Command("unshare", args...)
	cmd.Dir, cmd.Env = r.folder, r.environment()
	var said bytes.Buffer
	cmd.Stderr = &said
	in, errIn := cmd.StdinPipe()
	out, errOut := cmd.StdoutPipe()
	if err := errors.Join(errIn, errOut, cmd.Start()); err != nil {
		t.Skipf("cannot make namespaces: %v", err)
	}
	t.Cleanup(func() { in.Close(); _ = cmd.Wait() }) // the script ends with its input
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		in.Close()
		_ = cmd.Wait()
		t.Skipf("cannot make namespaces with a server: %v: %s%s", err, line, said.Bytes())
	}
	r.pid = cmd.Process.Pid
}

// sources are programs and settings in which commands look for old versions, or that they run.
var sources = map[string]string{
	"app.py":          "context = ssl.SSLContext(ssl.PROTOCOL_TLSv1)\n",
	"app.rb":          "http.ssl_version = :TLSv1\n",
	"app.pl":          "SSL_version => 'TLSv1'\n",
	"app.php":         "CURLOPT_SSLVERSION => CURL_SSLVERSION_TLSv1_0,\n",
	"App.java":        "socket.setEnabledProtocols(new String[] {\"TLSv1\"});\n",
	"main.go":         "var c = &tls.Config{MaxVersion: tls.VersionTLS11}\n",
	"client.js":       "new https.Agent({secureProtocol: 'TLSv1_method'})\n",
	"Client.cs":       "handler.SslProtocols = SslProtocols.Tls;\nManager.SecurityProtocol = SecurityProtocolType.Tls;\n",
	"app.js":          "console.log(require('tls').DEFAULT_MIN_VERSION)\n",
	"home/.gitconfig": "[http]\nsslVersion = tlsv1.0\n",
}

func (r *room) write(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join(r.folder, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o755)); err != nil {
		t.Fatal(err)
	}
}

// certificate writes a certificate for the endpoint, and its key.
func (r *room) certificate(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{Organization: []string{"Inspecting Proxy"}, CommonName: endpoint},
		DNSNames: []string{endpoint}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	r.write(t, "cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	r.write(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
}

// serve makes the endpoint a server of OpenSSL's on loopback that speaks TLS 1.2 and 1.3,
// as AWS's endpoints do.
const serve = `#!/bin/sh
set -e
mount --bind hosts /etc/hosts
ip link set lo up
servers=
for port in 443 5671; do
	openssl s_server -accept $port -cert cert.pem -key key.pem -www -quiet -min_protocol TLSv1.2 </dev/null >$port.log 2>&1 &
	servers="$servers $!"
done
trap 'kill $servers' EXIT
for port in 443 5671; do
	tries=0
	until openssl s_client -connect 127.0.0.1:$port </dev/null >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || { cat $port.log >&2; exit 99; }
		sleep 0.05
	done
done
echo ready
cat >/dev/null
`

// command returns a command that runs in the room.
func (r *room) command(t *testing.T, line string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	args := []string{"--target", strconv.Itoa(r.pid), "--net", "--mount"}
	if os.Getuid() != 0 {
		args = append(args, "--user", "--preserve-credentials")
	}
	cmd := exec.CommandContext(ctx, "nsenter", append(args, "--wd="+r.folder, "bash", "-c", line)...)
	cmd.Env = r.environment()
	return cmd
}

func (r *room) environment() []string {
	cert := filepath.Join(r.folder, "cert.pem")
	return append(slices.DeleteFunc(os.Environ(), changesVersions),
		"LC_ALL=C", "HOME="+filepath.Join(r.folder, "home"), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin",
		"SSL_CERT_FILE="+cert, "CURL_CA_BUNDLE="+cert, "NODE_EXTRA_CA_CERTS="+cert)
}

// changesVersions reports whether a variable may change what commands print.
func changesVersions(variable string) bool {
	for _, name := range []string{"OPENSSL_CONF", "NODE_OPTIONS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "GODEBUG"} {
		if strings.HasPrefix(variable, name+"=") {
			return true
		}
	}
	return false
}

// try runs a command of a guide.
func (r *room) try(t *testing.T, c command) {
	program := programIn(c)
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("%s is not installed", program)
	}
	line := r.fill(strings.Join(c.Lines, "\n      ")) // as it is copied from the page
	cmd := r.command(t, line)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if missing := regexp.MustCompile(`Can't locate \S+|undefined function \S+`).Find(append(said.Bytes(), out...)); err != nil && missing != nil {
		t.Skipf("a module of %s is not installed: %s", program, missing)
	}
	if want := r.fill(strings.Join(c.Prints, "\n")); !prints(want).Match(out) {
		t.Errorf("%s\nprints\n%s%s\ninstead of\n%s", line, out, said.Bytes(), want)
	}
}

// fill puts what is in the room into the place of the words that stand for it.
func (r *room) fill(text string) string {
	return strings.NewReplacer("HOST", endpoint, "PID", "self").Replace(text)
}

// prints matches what a guide says that a command prints.
func prints(want string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString(`^`)
	for line := range strings.SplitSeq(want, "\n") {
		if line == "..." {
			b.WriteString(`(?:[^\n]*\n)*`)
			continue
		}
		parts := strings.Split(line, "...")
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		b.WriteString(strings.Join(parts, `[^\n]*`) + `\n`)
	}
	b.WriteString(`$`)
	return regexp.MustCompile(b.String())
}

func TestPrints(t *testing.T) {
	for want, outputs := range map[string][]string{
		"TLSv1.3":     {"TLSv1.3\n"},
		"a...c\n...":  {"abc\n", "ac\nx\ny\n"},
		"...\nlast":   {"last\n", "first\nlast\n"},
		"(x) [y] $1.": {"(x) [y] $1.\n"},
	} {
		for _, out := range outputs {
			if !prints(want).MatchString(out) {
				t.Errorf("%q does not match %q", want, out)
			}
			for _, other := range []string{"", "TLSv1x3\n", "x" + strings.TrimSuffix(out, "\n") + "x\n", out + "y\n\n"} {
				if prints(want).MatchString(other) && !slices.Contains(outputs, other) && !strings.Contains(want, "\n...") {
					t.Errorf("%q matches %q", want, other)
				}
			}
		}
	}
}
