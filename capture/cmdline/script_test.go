package cmdline

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestScript(t *testing.T) {
	for line, want := range map[string]string{
		"sh /opt/backup.sh":                          "/opt/backup.sh",
		"/bin/sh -e ./backup.sh --all":               "./backup.sh",
		"bash -euo pipefail run.sh":                  "run.sh",
		"bash --rcfile /dev/null +x run.sh":          "run.sh",
		"sh - run.sh":                                "run.sh",
		"sh -c run.sh":                               "",
		"bash -xec run.sh":                           "",
		"bash -s run.sh":                             "",
		"bash -O extglob run.sh":                     "run.sh",
		"bash":                                       "",
		"bash /dev/fd/3":                             "",
		"-bash":                                      "",
		"bash -o":                                    "",
		"dash -- -x":                                 "-x",
		"busybox sh /etc/init.d/x":                   "",
		"python3.11 -u -W ignore app.py run":         "app.py",
		"python3 -uWignore -X dev app.py":            "app.py",
		"python3 -m http.server":                     "",
		"python3 -uc pass":                           "",
		"python3 - x":                                "",
		"/usr/bin/perl -w -I/opt/lib /opt/x.pl":      "/opt/x.pl",
		"perl5.36.0 -lane print x":                   "",
		"perl -MFile::Temp x.pl":                     "x.pl",
		"perl -I lib x.pl":                           "x.pl",
		"ruby3.1 -r json -W0 x.rb":                   "x.rb",
		"ruby -ne print x":                           "",
		"nodejs --require ./a.js --inspect=0 app.js": "app.js",
		"node -r a app.js":                           "app.js",
		"node -pe 1":                                 "",
		"node --eval 1 x":                            "",
		"php8.2 -d memory_limit=1 x.php":             "x.php",
		"php -f x.php -- y":                          "x.php",
		"php -fx.php":                                "x.php",
		"php -r 1; x":                                "",
		"curl https://example.com":                   "",
		"sshd: alice@pts/0":                          "",
		"":                                           "",
	} {
		words := strings.Fields(line)
		program := ""
		if len(words) > 0 {
			program = filepath.Base(words[0])
		}
		if got := Script(program, words); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
	if got := Script("busybox", []string{"/bin/sh", "/x"}); got != "/x" {
		t.Errorf("busybox: %q", got)
	}
	if got := Script("sh", []string{"sh", strings.Repeat("x", maxArgument)}); got != "" {
		t.Errorf("a path that Read may have cut: %q", got)
	}
}

// optionsThatRun are options that interpreters accept before a script or instead of one.
// The word FILE is the path of another file.
var optionsThatRun = map[string][]string{
	"sh":      {"", "-e", "-eu", "--", "-", "-c true", "-s", "-o errexit", "-eo noglob", "+e", "-ec true"},
	"bash":    {"", "-e", "-euo pipefail", "-O extglob", "--norc", "--rcfile FILE", "--init-file FILE", "--posix -x", "--", "-", "-c true", "-xec true", "-s", "+O extglob", "-l"},
	"dash":    {"", "-e", "-eo noglob", "--", "-c true", "-s"},
	"python3": {"", "-u", "-W ignore", "-Wignore", "-uWignore", "-X dev", "-Xdev", "-c pass", "-uc pass", "-m this", "-msite", "--check-hash-based-pycs default", "--", "-", "-OO", "-I", "-sSE"},
	"perl":    {"", "-w", "-I /tmp", "-I/tmp", "-MCwd", "-mCwd", "-e 1", "-we 1", "-lane 1", "-0777", "-C0", "--", "-CSD", "-l", "-T", "-E 1", "-i.bak", "-W", "-X"},
	"ruby":    {"", "-w", "-r json", "-rjson", "-I /tmp", "-I/tmp", "-e 1", "-we 1", "-W0", "-W", "-E UTF-8", "-EUTF-8", "--encoding UTF-8", "--encoding=UTF-8", "--disable gems", "--disable=gems", "--disable-gems", "--enable gems", "--", "-C /tmp", "-Ku", "-l", "-U", "--jit"},
	"node":    {"", "-r fs", "--require fs", "--require=fs", "--import node:fs", "-e 1", "-pe 1", "--eval 1", "--print 1", "--max-old-space-size=99", "--no-warnings", "--title x", "-C x", "--conditions x", "--env-file FILE", "--env-file=FILE", "--dns-result-order verbatim", "--max-http-header-size 9999", "--unhandled-rejections warn", "--tls-cipher-list x", "--icu-data-dir FILE", "--openssl-config FILE", "--trace-warnings", "--", "-", "--tls-min-v1.0", "--experimental-loader data:text/javascript,"},
	"php":     {"", "-n", "-d a=1", "-da=1", "-c FILE", "-cFILE", "-r 1;", "-f", "-q", "-n -f", "--define a=1", "--php-ini FILE", "--run 1;", "-B 1;", "-R 1;", "-F FILE", "-E 1;", "--no-php-ini", "-C"},
}

// written is a script that prints that it ran, for each interpreter.
func written(interpreter string) string {
	switch interpreter {
	case "node":
		return `console.log("it ran")`
	case "php":
		return `<?php echo "it ran";`
	case "python3":
		return `print("it ran")`
	case "perl", "ruby":
		return `print "it ran"`
	}
	return `echo "it ran"`
}

// TestScriptsThatRun: Script names the script if the interpreter runs it, and only then.
func TestScriptsThatRun(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick starts no programs")
	}
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	script := filepath.Join(folder, "script")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for interpreter, all := range optionsThatRun {
		t.Run(interpreter, func(t *testing.T) {
			found, err := exec.LookPath(interpreter)
			if err != nil {
				t.Skip(err)
			}
			if err := os.WriteFile(script, []byte(written(interpreter)), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, options := range all {
				words := append([]string{interpreter}, strings.Fields(strings.ReplaceAll(options, "FILE", file))...)
				words = append(words, script)
				out, err := exec.Command(found, words[1:]...).CombinedOutput()
				ran := strings.Contains(string(out), "it ran")
				if got := Script(interpreter, words); (got == script) != ran || got != "" && got != script {
					t.Errorf("%s: %q, and ran %v (%v): %.200s", words, got, ran, err, out)
				}
			}
		})
	}
}

func FuzzScript(f *testing.F) {
	for interpreter, all := range optionsThatRun {
		for _, options := range all {
			f.Add(interpreter, strings.Join(append([]string{interpreter}, strings.Fields(options)...), "\x00")+"\x00script\x00")
		}
	}
	f.Add("busybox", "/bin/ash\x00x")
	f.Fuzz(func(t *testing.T, program, line string) {
		arguments := split([]byte(line))
		got := Script(program, arguments)
		attached := func(a string) bool { return strings.HasSuffix(a, got) } // php -fSCRIPT
		if got != "" && !slices.ContainsFunc(arguments[1:], attached) {
			t.Errorf("%q is not in %q", got, arguments)
		}
		if len(got) >= maxArgument {
			t.Errorf("%d bytes", len(got))
		}
	})
}
