package proc

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

func TestVariablesIn(t *testing.T) {
	for environment, want := range map[string]string{
		"": "",
		"HOME=/\x00OPENSSL_CONF=/etc/old.cnf\x00NODE_OPTIONS=\x00":                      "NODE_OPTIONS OPENSSL_CONF",
		"OPENSSL_CONF=a\x00OPENSSL_CONF=b\x00":                                          "OPENSSL_CONF",
		"_JAVA_OPTIONS=-Dx=OPENSSL_CONF=y":                                              "_JAVA_OPTIONS",
		"OPENSSL_CONF\x00NODE_OPTIONS":                                                  "",
		"X=OPENSSL_CONF=\x00XOPENSSL_CONF=\x00OPENSSL_CONFX=\x00openssl_conf=\x00=\x00": "",
		strings.Repeat("A", 3*maxVariable) + "\x00GODEBUG=x":                            "GODEBUG",
		strings.Repeat("A", maxEnvironment) + "\x00GODEBUG=x":                           "",
		strings.Repeat("A=b\x00", 5000) + "JDK_JAVA_OPTIONS=x":                          "JDK_JAVA_OPTIONS",
	} {
		for name, from := range map[string]io.Reader{"at once": strings.NewReader(environment), "by bytes": iotest.OneByteReader(strings.NewReader(environment))} {
			if got, err := variablesIn(from); err != nil || got != want {
				t.Errorf("%.60q %s: %q, %v, want %q", environment, name, got, err, want)
			}
		}
	}
	broken := errors.New("broken")
	if got, err := variablesIn(io.MultiReader(strings.NewReader("GODEBUG=x\x00"), iotest.ErrReader(broken))); got != "" || !errors.Is(err, broken) {
		t.Errorf("%q, %v", got, err)
	}
	for _, name := range tlsVariables {
		if len(name) > maxVariable {
			t.Errorf("%s is longer than maxVariable", name)
		}
	}
}

// Nothing but names of the list passes, whatever an opener says.
func TestReadVariables(t *testing.T) {
	if got := readVariables("GODEBUG x OPENSSL_CONF=/secret  GODEBUG OPENSSL_CONF\n"); !reflect.DeepEqual(got, []string{"GODEBUG", "OPENSSL_CONF"}) {
		t.Errorf("%q", got)
	}
	if got := readVariables(""); got != nil {
		t.Errorf("%q", got)
	}
}

// A process is told to have the variables that it was started with. No value leaves the
// opener.
func TestVariablesOfAProcess(t *testing.T) {
	const secret = "/a/secret/place"
	cmd := exec.Command("sleep", "60")
	cmd.Env = append(os.Environ(), "OPENSSL_CONF="+secret, "JAVA_TOOL_OPTIONS=-Dkey="+secret)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	r, _ := served(t, direct{})
	a, err := r.do(request{op: opVariables, pid: cmd.Process.Pid})
	if err != nil || a.fd >= 0 || strings.Contains(a.text, secret) {
		t.Fatalf("%+v, %v", a, err)
	}
	got := readVariables(a.text)
	for _, want := range []string{"OPENSSL_CONF", "JAVA_TOOL_OPTIONS"} {
		if !strings.Contains(strings.Join(got, " "), want) {
			t.Errorf("%q has no %s", got, want)
		}
	}
	if _, err := r.do(request{op: opVariables, pid: 1 << 30}); err == nil {
		t.Error("a process that is not there has variables")
	}
}

func FuzzVariables(f *testing.F) {
	f.Add([]byte("HOME=/root\x00OPENSSL_CONF=/etc/ssl/old.cnf\x00NODE_OPTIONS=--tls-min-v1.0\x00"))
	f.Add([]byte("=\x00\x00GODEBUG"))
	f.Add([]byte("_JAVA_OPTIONS==\xff\x00"))
	f.Fuzz(func(t *testing.T, environment []byte) {
		text, err := variablesIn(strings.NewReader(string(environment)))
		if err != nil {
			t.Fatal(err)
		}
		names := readVariables(text)
		if strings.Join(names, " ") != text {
			t.Errorf("%q", text)
		}
		for _, name := range names {
			if !strings.Contains(string(environment), name+"=") {
				t.Errorf("%s is not there", name)
			}
		}
	})
}
