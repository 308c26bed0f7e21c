package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"tlsfloor/classify"
	"tlsfloor/classify/aws"
	"tlsfloor/classify/policy"
)

// hostLine is a line of the output of "tlsfloor host".
type hostLine struct {
	Host    string   `json:"host"`
	InScope bool     `json:"in_scope"`
	AWS     *awsLine `json:"aws,omitempty"`
}

// awsLine has the members of the event's "aws".
type awsLine struct {
	Partition   string `json:"partition,omitempty"`
	Region      string `json:"region,omitempty"`
	Service     string `json:"service,omitempty"`
	FIPS        bool   `json:"fips"`
	DualStack   bool   `json:"dual_stack"`
	VPCEndpoint bool   `json:"vpc_endpoint,omitempty"`
	Resource    string `json:"resource,omitempty"`
}

const hostUsage = `tlsfloor host NAME...   print what names of AWS mean, one JSON object a line
tlsfloor host -         read the names from standard input, one a line
`

// describeHosts is "tlsfloor host NAME...": it writes what the names of AWS mean.
func describeHosts(args []string, stdin io.Reader, stdout io.Writer, m *messages) int {
	if asksForHelp(args) {
		fmt.Fprint(stdout, hostUsage)
		return exitOK
	}
	if len(args) == 0 {
		return m.fail(errors.New("host: give one or more names, or - to read them from standard input"))
	}
	for _, name := range args {
		if strings.HasPrefix(name, "-") && name != "-" {
			return m.fail(fmt.Errorf("host: unknown option: %s (tlsfloor host --help says what it takes)", name))
		}
	}
	scope, err := policy.NewScope(nil)
	if err != nil {
		return m.fail(err)
	}
	out := bufio.NewWriter(stdout)
	d := &describer{scope: scope, out: json.NewEncoder(out)}
	for _, name := range args {
		if err := d.name(name, stdin); err != nil {
			return m.fail(err)
		}
	}
	if err := out.Flush(); err != nil {
		return m.fail(err)
	}
	return exitOK
}

type describer struct {
	scope *policy.Scope
	out   *json.Encoder
}

func (d *describer) name(name string, stdin io.Reader) error {
	if name != "-" {
		return d.describe(name)
	}
	lines := bufio.NewScanner(stdin)
	for lines.Scan() {
		if lines.Text() == "" {
			continue
		}
		if err := d.describe(lines.Text()); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (d *describer) describe(host string) error {
	line := hostLine{Host: host, InScope: d.scope.Match(host)}
	if known, ok := aws.Parse(host); ok {
		line.AWS = lineOf(known)
	}
	return d.out.Encode(line)
}

func lineOf(a classify.AWS) *awsLine {
	return &awsLine{a.Partition, a.Region, a.Service, a.FIPS, a.DualStack, a.VPCEndpoint, a.Resource}
}
