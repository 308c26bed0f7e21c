package client

import (
	"path"
	"slices"
	"strings"

	"tlsfloor/classify"
)

// Process returns the software of a process; nil: unknown. hello is the software that
// the hello shows, or nil, which may confirm or contradict the process.
//
// High confidence requires data from the kernel: the file that runs, what it was built
// from, the libraries that it has mapped. A command line does not do, because a process
// can rewrite its own. The owner of a file can give it any name; only a hello or build
// data that do not fit show that. The result may be hello itself; it is read-only.
func Process(p *classify.Process, hello *classify.Software) *classify.Software {
	if p == nil {
		return hello
	}
	library := libraryOf(p.Libraries, hello)
	s := runs(p)
	if s == nil {
		return ofLibrary(library, hello)
	}
	if hello == nil || library == nil || agree(library, hello) { // else it is loaded, but not used
		addLibrary(s, library)
	}
	addHello(s, hello)
	return s
}

// runs returns the program of p; nil: unknown.
func runs(p *classify.Process) *classify.Software {
	found, because, ok := program{}, "process.executable", false
	if p.Executable != "" {
		found, ok = programOf(p.Executable)
	} else if len(p.CommandLine) > 0 {
		because = "process.argv0"
		found, ok = programOf(p.CommandLine[0])
	}
	switch {
	case ok && (p.GoVersion == "" || ofGo[found.id]):
		s := named(found, because)
		if because == "process.argv0" {
			s.Confidence = classify.Medium
		}
		lookAtArguments(s, p.CommandLine)
		buildInto(s, p)
		return s
	case p.GoVersion != "":
		s := named(program{id: "go"}, "process.build")
		buildInto(s, p)
		return s
	}
	if id, ok := frameworkOf(p.Libraries); ok {
		return named(program{id: id}, "process.library")
	}
	return nil
}

func named(p program, because string) *classify.Software {
	return &classify.Software{
		ID: p.id, Name: softwareNames[p.id], Version: p.version,
		Confidence: classify.High, Because: []string{because},
	}
}

// ofGo are the programs with files written in Go. A Go program with the name of any
// other is not that program.
var ofGo = map[string]bool{"docker": true, "git": true} // git-lfs

// lookAtArguments tells Python and .NET from the programs that run on them.
func lookAtArguments(s *classify.Software, line []string) {
	switch s.ID {
	case "python":
		script, module := pythonRuns(line)
		awsOnPython(s, script, module)
	case "dotnet-core":
		if script := scriptOf(line); path.Base(script) == "pwsh.dll" {
			rename(s, "powershell-core", versionInPath("powershell-core", path.Dir(script)))
		}
	case "mono":
		if strings.HasSuffix(strings.ToLower(scriptOf(line)), ".exe") {
			s.Because = append(s.Because, "process.command_line")
		}
	}
}

// scriptOf returns the first argument that is not an option.
func scriptOf(line []string) string {
	for i, argument := range line {
		if i > 0 && !strings.HasPrefix(argument, "-") {
			return argument
		}
	}
	return ""
}

// pythonRuns returns the script or the module that Python was started with. Both are
// empty when the program is on standard input or in the command line, after -c.
func pythonRuns(line []string) (script, module string) {
	for i := 1; i < len(line); i++ {
		a := line[i]
		switch {
		case !strings.HasPrefix(a, "-"):
			return a, ""
		case a == "-W" || a == "-X":
			i++
		case strings.HasPrefix(a, "-W"), strings.HasPrefix(a, "-X"), strings.HasPrefix(a, "--"):
		case strings.HasSuffix(a, "m") && i+1 < len(line):
			return "", line[i+1]
		case a == "-" || strings.HasSuffix(a, "c"):
			return "", ""
		}
	}
	return "", ""
}

// awsOnPython tells the versions of the AWS CLI apart. Amazon's version 2 has its own
// executable. Version 1, and version 2 in the packages of Debian 12 and later, are
// scripts.
func awsOnPython(s *classify.Software, script, module string) {
	python := s.Version
	switch {
	case module == "awscli":
		rename(s, "aws-cli-1", "")
	case path.Base(script) != "aws": // something else
	case strings.Contains(script, "/aws-cli/v2/"):
		rename(s, "aws-cli-2", versionInPath("aws-cli-2", path.Dir(script)))
	case script == "/usr/bin/aws" && since311(python):
		rename(s, "aws-cli-2", "")
	case script == "/usr/bin/aws" && strings.HasPrefix(python, "3.9"): // version 1 in Debian 11, 2 in Amazon Linux 2023
		rename(s, "aws-cli-1", "")
		s.Confidence = classify.Low
	default:
		rename(s, "aws-cli-1", "")
	}
}

func since311(python string) bool {
	minor, ok := strings.CutPrefix(python, "3.")
	minor, _, _ = strings.Cut(minor, ".")
	return ok && len(minor) == 2 && minor >= "11"
}

// rename gives s the name that the command line tells.
func rename(s *classify.Software, id, version string) {
	s.ID, s.Name, s.Version = id, softwareNames[id], version
	s.Confidence = min(s.Confidence, classify.Medium)
	s.Because = append(s.Because, "process.command_line")
}

// goModules are the modules that a program is named after; the first that it has
// counts.
var goModules = []struct{ path, name string }{
	{"github.com/aws/aws-sdk-go-v2", "AWS SDK for Go v2"},
	{"github.com/aws/aws-sdk-go", "AWS SDK for Go"},
	{"github.com/minio/minio-go/v7", "MinIO Go client"},
}

// buildInto adds the build information in a Go executable. Version becomes the SDK's if
// there is one, and Library has the toolchain's.
func buildInto(s *classify.Software, p *classify.Process) {
	if p.GoVersion == "" || s.ID != "go" && s.ID != "docker" {
		return
	}
	toolchain := strings.TrimPrefix(p.GoVersion, "go")
	s.Library = "crypto/tls of Go " + toolchain
	if s.ID == "docker" {
		s.Because = append(s.Because, "process.build")
		return
	}
	s.Version = toolchain
	for _, known := range goModules {
		for _, module := range p.GoModules {
			if name, version, _ := strings.Cut(module, "@"); name == known.path {
				s.Name, s.Version = known.name, strings.TrimPrefix(version, "v")
				return
			}
		}
	}
}

// addLibrary adds the library that the process has loaded.
func addLibrary(s, library *classify.Software) {
	if library == nil || s.Library != "" {
		return
	}
	s.Library = library.Library
	if !slices.Contains(s.Because, "process.library") {
		s.Because = append(s.Because, "process.library")
	}
}
