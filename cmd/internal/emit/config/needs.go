package config

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strconv"

	"tlsfloor/cmd/internal/emit/transport/sigv4"
)

// Needs is what the sandbox has to allow the outputs.
type Needs struct {
	Write   []string // folders whose files are created, renamed and removed, and files for which this is done
	Grow    []string // those of Write that are of no use unless files can be created
	Read    []string // files that Reopen reads
	Sockets []string // Unix sockets
	Network bool     // host names are looked up
	Ports   []Port   // that are connected to
}

// AddNeeds adds what the output needs once its transport is open.
func (c *Config) AddNeeds(n *Needs) {
	switch c.kind {
	case stdout:
	case toFile, toJournal:
		n.Write = append(n.Write, c.path)
		if c.kind == toJournal || c.file.Size > 0 || c.file.Every > 0 {
			n.Grow = append(n.Grow, c.path)
		}
	case socket:
		n.Sockets = append(n.Sockets, c.path)
	case syslogUDP:
		n.addAddress("udp", c.address)
	case syslogTCP, syslogTLS:
		n.addAddress("tcp", c.address)
	default:
		target, _ := url.Parse(c.url) // was parsed before
		n.addAddress("tcp", throughProxy(target))
	}
	if c.signed.Region != "" {
		n.addSigned(c.signed)
	}
	for _, path := range []string{
		c.tls.CA, c.tls.Cert, c.tls.Key, c.splunk.Token.File, c.elastic.Key.File, c.elastic.Password.File,
	} {
		if path != "" {
			n.Read = append(n.Read, path)
		}
	}
}

// Port is a port that an output connects to.
type Port struct {
	Network string // "tcp" or "udp"
	Number  uint16
}

// addAddress adds an address that is connected to. A host name is looked up.
func (n *Needs) addAddress(network, address string) {
	host, number, err := net.SplitHostPort(address)
	if err != nil {
		return
	}
	if _, err := netip.ParseAddr(host); err != nil {
		n.Network = true
	}
	if port, err := strconv.ParseUint(number, 10, 16); err == nil {
		n.Ports = append(n.Ports, Port{network, uint16(port)})
	}
}

// addSigned adds where credentials are read again and again.
func (n *Needs) addSigned(o sigv4.Options) {
	needs, err := o.Needs(os.Getenv)
	if err != nil {
		return // it was reported when the transport was opened
	}
	n.Read = append(n.Read, needs.Files...)
	switch {
	case needs.Endpoint == nil:
	case needs.Proxied:
		n.addAddress("tcp", throughProxy(needs.Endpoint))
	default:
		n.addAddress("tcp", hostPort(needs.Endpoint))
	}
}

// throughProxy is the address of a URL, or that of its proxy (HTTPS_PROXY and the like).
func throughProxy(target *url.URL) string {
	if target == nil {
		return ""
	}
	if proxy, err := http.ProxyFromEnvironment(&http.Request{URL: target}); err == nil && proxy != nil {
		return hostPort(proxy)
	}
	return hostPort(target)
}

func hostPort(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	return net.JoinHostPort(u.Hostname(), ports[u.Scheme])
}

// ports are what net/http uses if a URL has none.
var ports = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}

// SecretVariables are the environment variables whose values are secrets of this output.
func (c *Config) SecretVariables() (names []string) {
	for _, name := range []string{c.splunk.Token.Variable, c.elastic.Key.Variable, c.elastic.Password.Variable} {
		if name != "" {
			names = append(names, name)
		}
	}
	if c.signed.Region != "" {
		names = append(names, sigv4.Variables...)
	}
	return names
}
