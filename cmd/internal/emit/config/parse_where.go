package config

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"tlsfloor/cmd/internal/emit/transport/post"
	"tlsfloor/cmd/internal/emit/transport/syslog"
)

// whereNothing reads what follows the colon of a kind that takes nothing there. The
// other functions called where... do the same for their kinds.
func whereNothing(_ *Config, where string) error {
	if where != "" {
		return errors.New("takes nothing but options")
	}
	return nil
}

func wherePath(c *Config, where string) error {
	path, err := url.PathUnescape(where)
	if err != nil || path == "" || !isPrintable(path) {
		return errors.New("needs a path, in which % is written %25 and ? is written %3F")
	}
	if strings.HasPrefix(path, "//") {
		return errors.New("needs its path right behind the colon, without //")
	}
	c.path, c.file.Path = path, path
	return nil
}

// whereFolder is wherePath for a journal, whose events are native: who reads them brings
// them into other formats.
func whereFolder(c *Config, where string) error {
	err := wherePath(c, where)
	c.file.Path, c.journal.Folder = "", c.path
	c.Format, c.Spool = "native", ""
	return err
}

// whereHost reads //HOST[:PORT].
func whereHost(port string) func(*Config, string) error {
	return func(c *Config, where string) error {
		path, err := c.readHost(where, port)
		if err == nil && path != "" && path != "/" {
			err = errors.New("takes no path")
		}
		c.facility, _ = syslog.ParseFacility("local0")
		return err
	}
}

// readHost sets the address and returns what follows it.
func (c *Config) readHost(where, port string) (path string, err error) {
	rest, ok := strings.CutPrefix(where, "//")
	if !ok {
		return "", errors.New("needs //HOST or //HOST:PORT")
	}
	if strings.Contains(rest, "@") {
		return "", errors.New("a name and password on a command line are seen by everybody: use the options ending in -file or -env")
	}
	authority := rest
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	host := authority
	if h, p, err := net.SplitHostPort(authority); err == nil {
		host, port = h, p
	} else {
		host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || !isHost(host) {
		return "", errors.New("the address must be HOST or HOST:PORT")
	}
	c.address = net.JoinHostPort(host, port)
	return path, nil
}

func isHost(host string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_"
	if ip, err := netip.ParseAddr(host); err == nil {
		return strings.Trim(ip.Zone(), letters) == ""
	}
	return host != "" && len(host) <= 253 && strings.Trim(host, letters) == ""
}

func whereSplunk(c *Config, where string) error {
	path, err := c.readURL(where, "8088")
	if err != nil {
		return err
	}
	if path = strings.TrimSuffix(path, "/"); path == "" {
		path = "/services/collector/event"
	}
	c.url += path
	c.splunk.Source, c.splunk.SourceType = "tlsfloor", "tlsfloor"
	return nil
}

func whereElastic(c *Config, where string) error {
	path, err := c.readURL(where, "9200")
	if err != nil {
		return err
	}
	path = strings.TrimSuffix(path, "/")
	slash := strings.LastIndexByte(path, '/')
	folder, index := path[:max(slash, 0)], path[slash+1:]
	plain, err := url.PathUnescape(index)
	if err != nil || index == "" || index[0] == '_' {
		return errors.New("needs the index or data stream: //HOST/INDEX")
	}
	c.index, c.elastic.Index = index, plain
	c.url += folder + "/_bulk?" + post.BulkParameters
	return nil
}

// readURL sets the address and the URL without its path, and returns the path.
func (c *Config) readURL(where, port string) (path string, err error) {
	if path, err = c.readHost(where, port); err != nil {
		return "", err
	}
	if _, err := url.Parse(path); err != nil || !isPrintable(path) || strings.ContainsAny(path, " \"\\<>#") {
		return "", errors.New("the path has a character that no URL may have")
	}
	scheme := "https://"
	if c.kind.isPlain() {
		if !isLoopback(c.address) {
			return "", errors.New("http sends events and secrets in the clear, and so only to this machine: use https")
		}
		scheme = "http://"
	}
	c.url = scheme + strings.ReplaceAll(c.address, "%", "%25") // a zone (RFC 6874)
	return path, nil
}

func isLoopback(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
