package sink

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
)

// Port is where an output connects to.
type Port struct {
	Network string // "tcp" or "udp"
	Number  uint16
}

// port is where the output connects to; ok is false when it is on this machine.
func (c *Config) port() (p Port, ok bool) {
	_, number, err := net.SplitHostPort(c.proxied())
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

// looksUp reports whether the output connects to a name, and not to an address.
func (c *Config) looksUp() bool {
	host, _, err := net.SplitHostPort(c.proxied())
	if err != nil {
		return true
	}
	_, err = netip.ParseAddr(host)
	return err != nil
}

// proxied is the output's address, or that of the proxy that the environment
// names for it.
func (c *Config) proxied() string {
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

// proxyPorts are what net/http takes where a proxy's URL names no port.
var proxyPorts = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}
