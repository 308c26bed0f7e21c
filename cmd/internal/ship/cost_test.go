package ship

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tlsfloor/cmd/internal/journal"
	"tlsfloor/cmd/internal/testing/standin"
)

// All kinds of outputs together take less than one processor at 10,000 events a second, as
// the processor time of the process says, whatever else the machine does.
func TestCostOfAllOutputs(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what takes work")
	}
	const events, most = 30000, 100 * time.Microsecond
	folder := t.TempDir()
	w := newWriter(t, journal.Options{})
	w.write(events)
	r := standin.StartRsyslog(t)
	elastic := &standin.Elastic{T: t, Index: "tls"}
	splunk := &standin.Splunk{T: t, Token: "secret"}
	authority := standin.NewAuthority(t)
	elasticAt, splunkAt := standin.Start(t, authority.Server(t), elastic), standin.Start(t, authority.Server(t), splunk)
	local := collect(t, "unix", filepath.Join(folder, "socket"))
	secret := filepath.Join(folder, "secret")
	if err := os.WriteFile(secret, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	datagrams, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer datagrams.Close()
	specs := []string{
		"file:" + filepath.Join(folder, "events.jsonl"), "unix:" + local.Addr().String(),
		"syslog+udp://" + datagrams.LocalAddr().String(), "syslog+tcp://" + r.TCP,
		fmt.Sprintf("syslog+tls://%s?ca=%s", r.TLS, r.Authority.File),
		fmt.Sprintf("elasticsearch+https://%s/tls?ca=%s", elasticAt.Address, authority.File),
		fmt.Sprintf("splunk+https://%s?token-file=%s&ca=%s", splunkAt.Address, secret, authority.File),
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), shipperVariable+"="+w.folder+" "+strings.Join(specs, " "), onceVariable+"=yes")
	cmd.Stderr = os.Stderr
	began := time.Now()
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	took, spent := time.Since(began), cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()
	t.Logf("%d events to %d outputs: %v of processor time for each event, in %v", events, len(specs), spent/events, took.Round(time.Second/10))
	if spent/events > most && !raceDetector {
		t.Errorf("an event takes %v", spent/events)
	}
	stored, _ := elastic.Events()
	for name, lines := range map[string][]string{"unix": local.received(), "Elasticsearch": stored} {
		if c := tallyOf(t, events, lines); c != (tally{sent: events}) {
			t.Errorf("%s: %v", name, c)
		}
	}
}
