package client

import (
	"path"
	"strings"
)

// executables are the programs by the name of their file. A version may follow the
// name: "python3.11", "php-fpm8.2", "ruby2.7".
var executables = map[string]string{
	"node": "nodejs", "nodejs": "nodejs", "aws": "aws-cli-2", // version 1 is a Python script
	"python": "python", "pypy": "python", "ruby": "ruby", "java": "java", "perl": "perl",
	"php": "php", "php-fpm": "php", "php-cgi": "php", "curl": "curl", "wget": "wget",
	"beam.smp": "erlang", "beam": "erlang",
	"mono": "mono", "mono-sgen": "mono", "mono-boehm": "mono",
	"dotnet": "dotnet-core", "pwsh": "powershell-core", "powershell.exe": "powershell-windows",
	"git": "git", "git-remote-http": "git", "git-remote-https": "git", "git-lfs": "git",
	"docker": "docker", "dockerd": "docker", "containerd": "docker", "docker-proxy": "docker",
	"chrome": "chrome", "google-chrome": "chrome", "chromium": "chrome", "chromium-browser": "chrome", "headless_shell": "chrome",
	"msedge": "edge", "iexplore.exe": "internet-explorer",
	"firefox": "firefox", "firefox-bin": "firefox", "firefox-esr": "firefox",
}

// program is what the name and the folder of a file tell.
type program struct {
	id, version string
}

// programOf returns the program at file; false when it is not a known one.
func programOf(file string) (p program, ok bool) {
	// The kernel adds this to a file that was replaced while it ran.
	file = strings.TrimSuffix(file, " (deleted)")
	base := path.Base(file)
	name, version := base, ""
	if p.id, ok = executables[base]; !ok {
		name = strings.TrimRight(base, "0123456789.")
		version = base[len(name):]
		if p.id, ok = executables[strings.TrimSuffix(name, "-")]; !ok {
			return p, false
		}
	}
	p.version = closer(version, versionInPath(p.id, path.Dir(file)))
	return p, true
}

// closer returns the version in the path when it is the more precise form of the one in
// the name: python3.9 in versions/3.9.1/bin.
func closer(name, place string) string {
	if name == "" || strings.HasPrefix(place, name+".") {
		return place
	}
	return name
}

// placeNames are the beginnings of names of folders that have one version of a program.
// An empty one stands for a folder named by the version alone, in a folder of
// versionFolders.
var placeNames = map[string][]string{
	"nodejs":          {"node-v", "node-", "node", "nodejs", "v", ""},
	"python":          {"python-", "python", "pypy", ""},
	"ruby":            {"ruby-", "ruby", ""},
	"java":            {"java-", "jdk-", "jdk", "jre-", "jre", "temurin-", "zulu", "amazon-corretto-", "graalvm-", ""},
	"php":             {"php-", "php", ""},
	"perl":            {"perl-", "perl", ""},
	"mono":            {"mono-", ""},
	"aws-cli-2":       {""},
	"powershell-core": {"powershell-", ""},
}

var versionFolders = map[string]bool{
	"versions": true, "node": true, "nodejs": true, "python": true, "ruby": true, "java": true, "jvm": true,
	"php": true, "perl": true, "mono": true, "powershell": true, "v2": true, "installs": true, "candidates": true,
}

// versionInPath looks for a version in the folders of a program, the nearest
// first.
func versionInPath(id, dir string) string {
	folders := strings.Split(dir, "/")
	for i := len(folders) - 1; i > 0; i-- {
		for _, prefix := range placeNames[id] {
			bare := prefix == "" || prefix == "v"
			if bare && !versionFolders[folders[i-1]] {
				continue
			}
			if v := leadingVersion(strings.TrimPrefix(folders[i], prefix)); v != "" && strings.HasPrefix(folders[i], prefix) {
				return normal(id, v)
			}
		}
	}
	return ""
}

// leadingVersion returns the version that text begins with. Dates and build numbers do
// not count.
func leadingVersion(text string) string {
	v := text
	if end := strings.IndexFunc(text, func(r rune) bool { return !strings.ContainsRune("0123456789._u", r) }); end >= 0 {
		v = text[:end]
	}
	v = strings.TrimRight(v, "._u")
	if first, _, _ := strings.Cut(v, "."); first == "" || len(first) > 5 || len(v) > 16 || first[0] < '0' || first[0] > '9' {
		return ""
	}
	return v
}

// normal returns the common form of Java's old numbers: 8u292 for 1.8.0_292.
func normal(id, version string) string {
	old, ok := strings.CutPrefix(version, "1.")
	if !ok || id != "java" {
		return version
	}
	major, update, _ := strings.Cut(old, ".0")
	return major + strings.Replace(update, "_", "u", 1)
}
