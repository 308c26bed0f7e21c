package sink

// Needs is what a sandbox has to leave to the outputs.
type Needs struct {
	Write   []string // folders in which files are made, renamed and removed, and files for which that is done
	Read    []string // files that Reopen reads
	Sockets []string // of this machine
	Network bool     // names of far ends are looked up
	Ports   []Port   // of the connections
}

// Needs returns what the outputs need from now on.
func (s *Set) Needs() Needs {
	var n Needs
	for _, o := range s.outputs {
		o.config.addNeeds(&n)
		if o.backlog.spool != nil {
			n.Write = append(n.Write, o.config.spoolFolder())
		}
	}
	return n
}

func (c *Config) addNeeds(n *Needs) {
	switch c.kind {
	case stdout:
	case toFile:
		n.Write = append(n.Write, c.path)
	case socket:
		n.Sockets = append(n.Sockets, c.path)
	default:
		n.Network = n.Network || c.looksUp()
		if p, ok := c.port(); ok {
			n.Ports = append(n.Ports, p)
		}
	}
	for _, path := range []string{
		c.tls.CA, c.tls.Cert, c.tls.Key, c.splunk.Token.File, c.elastic.Key.File, c.elastic.Password.File,
	} {
		if path != "" {
			n.Read = append(n.Read, path)
		}
	}
}
