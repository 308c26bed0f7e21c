package config

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
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
	default:
		n.Network = n.Network || c.resolves()
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

// Port is a port that an output connects to.
type Port struct {
	Network string // "tcp" or "udp"
	Number  uint16
}

// port returns the port that the output connects to; ok is false if it connects to
// none.
func (c *Config) port() (p Port, ok bool) {
	_, number, err := net.SplitHostPort(c.dialAddress())
	if err != nil {
		return Port{}, false
	}
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil {
		return Port{}, false
	}
	if c.kind == syslogUDP {
		return Port{"udp", uint16(n)}, true
	}
	return Port{"tcp", uint16(n)}, true
}

// resolves reports whether the output looks up a host name.
func (c *Config) resolves() bool {
	host, _, err := net.SplitHostPort(c.dialAddress())
	if err != nil {
		return true
	}
	_, err = netip.ParseAddr(host)
	return err != nil
}

// dialAddress is the output's address, or that of its proxy (HTTPS_PROXY and the
// like).
func (c *Config) dialAddress() string {
	target, err := url.Parse(c.url)
	if err != nil || c.url == "" {
		return c.address
	}
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: target})
	if err != nil || proxy == nil {
		return c.address
	}
	if proxy.Port() != "" {
		return proxy.Host
	}
	return net.JoinHostPort(proxy.Hostname(), proxyPorts[proxy.Scheme])
}

// proxyPorts are the ports that net/http uses if a proxy's URL has none.
var proxyPorts = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}
