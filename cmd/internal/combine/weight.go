package combine

import "tlsfloor/classify"

const (
	// findingBytes is for the structs of a finding, with its hellos, names and process.
	findingBytes = 2 << 10
	// periodBytes is for a period, its entry in the map and its place in the heap, without
	// texts. A period with a finding was measured to take 2,057 bytes, of which 3,653 are
	// counted.
	periodBytes = 1 << 10
	// textBytes is for the header of a text.
	textBytes = 16
)

// weigh returns the memory of a finding, in bytes: more rather than less, because hellos
// may be shared with others.
func weigh(f *classify.Finding) int64 {
	n := findingBytes + len(f.SNI) + len(f.Host) + len(f.Reason) + texts(f.Tunnels) + texts(f.Anomalies) + 2*len(f.VLANs)
	for _, name := range f.Names {
		n += len(name.Host)
	}
	for _, p := range f.Copies {
		n += textBytes + len(p.Source) + texts(p.Tunnels) + 2*len(p.VLANs)
	}
	if h := f.Hello; h != nil {
		n += texts(h.ALPN) + len(h.JA3Full) + len(h.JA4) + 2*len(h.Versions)
	}
	if a := f.Answer; a != nil {
		n += len(a.ALPN) + len(a.JA3SFull)
	}
	if c := f.Certificate; c != nil {
		n += len(c.Subject) + len(c.Issuer) + len(c.Serial) + texts(c.DNSNames)
	}
	if f.Process != nil {
		n += weighProcess(f.Process)
	}
	return int64(n)
}

func weighProcess(p *classify.Process) int {
	n := len(p.Executable) + texts(p.CommandLine) + len(p.User) + len(p.LoginUser) + len(p.Folder) + len(p.Script) + texts(p.Variables) +
		len(p.Unit) + len(p.Container) + len(p.Cgroup) + texts(p.Libraries) + len(p.GoVersion) + texts(p.GoModules)
	for _, parent := range p.Parents {
		n += textBytes + len(parent.Executable) + texts(parent.CommandLine)
	}
	return n
}

func texts(all []string) (n int) {
	for _, text := range all {
		n += textBytes + len(text)
	}
	return n
}
