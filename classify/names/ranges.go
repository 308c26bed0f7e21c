package names

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"

	"github.com/gaissmai/bart"
)

// Range is an address range, as AWS publishes it.
type Range struct {
	Prefix  netip.Prefix
	Region  string // empty for a range of all regions (published as GLOBAL)
	Service string // as published: "S3", "EC2"; "AMAZON" for any or none of them
}

// Ranges has AWS's published address ranges. It is read-only, and may be used by many
// goroutines.
//
// An address in a range is AWS's. The service there may be a customer's.
type Ranges struct {
	services bart.Table[Range]
	amazon   bart.Table[Range] // the superset of all services' ranges
}

// ipRanges is the form of https://ip-ranges.amazonaws.com/ip-ranges.json.
type ipRanges struct {
	Prefixes []struct {
		Prefix  string `json:"ip_prefix"`
		Region  string `json:"region"`
		Service string `json:"service"`
	} `json:"prefixes"`
	Prefixes6 []struct {
		Prefix  string `json:"ipv6_prefix"`
		Region  string `json:"region"`
		Service string `json:"service"`
	} `json:"ipv6_prefixes"`
}

// ParseRanges reads AWS's ip-ranges.json. Errors have the number of the line or of the
// prefix.
func ParseRanges(file []byte) (*Ranges, error) {
	var f ipRanges
	if err := json.Unmarshal(file, &f); err != nil {
		return nil, jsonError(file, err)
	}
	if len(f.Prefixes)+len(f.Prefixes6) == 0 {
		return nil, errors.New("holds no prefixes: not AWS's ip-ranges.json")
	}
	r := new(Ranges)
	for i, p := range f.Prefixes {
		if err := r.add(p.Prefix, p.Region, p.Service); err != nil {
			return nil, fmt.Errorf("prefixes[%d]: %w", i, err)
		}
	}
	for i, p := range f.Prefixes6 {
		if err := r.add(p.Prefix, p.Region, p.Service); err != nil {
			return nil, fmt.Errorf("ipv6_prefixes[%d]: %w", i, err)
		}
	}
	return r, nil
}

// jsonError returns what is wrong, with the number of the line. The errors of
// encoding/json name types of Go.
func jsonError(file []byte, err error) error {
	var offset int64
	what := "not JSON"
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset, what = kind.Offset, "not the form of AWS's ip-ranges.json"
	}
	line := 1 + bytes.Count(file[:min(int(offset), len(file))], []byte("\n"))
	return fmt.Errorf("line %d: %s", line, what)
}

func (r *Ranges) add(prefix, region, service string) error {
	p, err := netip.ParsePrefix(prefix)
	if err != nil {
		return fmt.Errorf("%.60q is not an address range", prefix)
	}
	if region == "GLOBAL" {
		region = ""
	}
	table := &r.services
	if service == "AMAZON" {
		table = &r.amazon
	}
	entry := Range{Prefix: p.Masked(), Region: region, Service: service}
	if there, ok := table.Get(entry.Prefix); !ok || better(service, there.Service) {
		table.Insert(entry.Prefix, entry)
	}
	return nil
}

// better reports whether service, of two that share a prefix, is the one to keep. Most
// services' ranges are EC2's, too, which tells less. Otherwise the choice only has to
// be independent of the order in the file.
func better(service, than string) bool {
	if (service == "EC2") != (than == "EC2") {
		return than == "EC2"
	}
	return service < than
}

// Lookup returns the range of the longest prefix that contains a. A range without a
// service counts only when no other contains a.
func (r *Ranges) Lookup(a netip.Addr) (Range, bool) {
	a = a.Unmap().WithZone("")
	if found, ok := r.services.Lookup(a); ok {
		return found, true
	}
	return r.amazon.Lookup(a)
}

// Len returns how many prefixes there are.
func (r *Ranges) Len() int { return r.services.Size() + r.amazon.Size() }
