package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tlsfloor/cmd/internal/emit/transport/sigv4"
	"tlsfloor/cmd/internal/emit/transport/syslog"
	"tlsfloor/cmd/internal/journal"
)

// setters has, for each option, the function that reads its value. The value is not
// empty.
var setters = map[string]func(c *Config, value string) error{
	"format": text(func(c *Config) *string { return &c.Format }),
	"emit": func(c *Config, value string) (err error) {
		c.Emit, err = ParseSelection(value)
		return err
	},
	"spool":      text(func(c *Config) *string { return &c.Spool }),
	"spool-size": setSpoolSize,

	"rotate": setRotate,
	"every":  setEvery,
	"keep":   setKeep,
	"mode":   setMode,

	"size": setSize,
	"age":  setAge,
	"sync": setSync,

	"facility": setFacility,
	"framing":  setFraming,

	"ca":          text(func(c *Config) *string { return &c.tls.CA }),
	"cert":        text(func(c *Config) *string { return &c.tls.Cert }),
	"key":         text(func(c *Config) *string { return &c.tls.Key }),
	"server-name": text(func(c *Config) *string { return &c.tls.ServerName }),

	"token-file": text(func(c *Config) *string { return &c.splunk.Token.File }),
	"token-env":  variable(func(c *Config) *string { return &c.splunk.Token.Variable }),
	"index":      text(func(c *Config) *string { return &c.splunk.Index }),
	"source":     text(func(c *Config) *string { return &c.splunk.Source }),
	"sourcetype": text(func(c *Config) *string { return &c.splunk.SourceType }),

	"api-key-file":  text(func(c *Config) *string { return &c.elastic.Key.File }),
	"api-key-env":   variable(func(c *Config) *string { return &c.elastic.Key.Variable }),
	"user":          text(func(c *Config) *string { return &c.elastic.User }),
	"password-file": text(func(c *Config) *string { return &c.elastic.Password.File }),
	"password-env":  variable(func(c *Config) *string { return &c.elastic.Password.Variable }),
	"sigv4":         setSigned,
	"pipeline":      setPipeline,
	"query":         setQuery,
	"index-in":      setIndexIn,
}

func text(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, value string) error {
		*field(c) = value
		return nil
	}
}

// variable sets a field to the name of an environment variable. Other values may be
// the secret itself, so the error does not quote them.
func variable(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, value string) error {
		if strings.Trim(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			return errors.New("is not the name of an environment variable")
		}
		*field(c) = value
		return nil
	}
}

func setSpoolSize(c *Config, value string) (err error) {
	c.SpoolSize, err = parseSize(value, journal.MinSize)
	return err
}

// minRotate prevents a mistyped size from starting a file with every line.
const minRotate = 64 << 10

func setRotate(c *Config, value string) (err error) {
	c.file.Size, err = parseSize(value, minRotate)
	return err
}

func setEvery(c *Config, value string) error {
	d, err := parseDuration(value)
	if err != nil || d < time.Minute || d > 366*24*time.Hour {
		return errors.New("must be a time like 24h or 7d, from 1m to 366d")
	}
	c.file.Every = d
	return nil
}

func setKeep(c *Config, value string) error {
	n, err := strconv.ParseUint(value, 10, 20)
	if err != nil || n == 0 {
		return errors.New("must be a number of files, at least 1")
	}
	c.file.Keep = int(n)
	return nil
}

func setMode(c *Config, value string) error {
	mode, err := strconv.ParseUint(value, 8, 16)
	if err != nil || mode&^0o666 != 0 || mode&0o600 != 0o600 {
		return errors.New("must be octal digits like 0640")
	}
	c.file.Mode = fs.FileMode(mode)
	return nil
}

func setSize(c *Config, value string) (err error) {
	c.journal.Size, err = parseSize(value, journal.MinSize)
	return err
}

func setAge(c *Config, value string) error {
	d, err := parseDuration(value)
	if err != nil || d < time.Minute || d > 3660*24*time.Hour {
		return errors.New("must be a time like 12h or 30d, from 1m to 3660d")
	}
	c.journal.Age = d
	return nil
}

func setSync(c *Config, value string) error {
	d, err := parseDuration(value)
	if err != nil || d < 10*time.Millisecond || d > time.Hour {
		return errors.New("must be a time like 1s or 200ms, from 10ms to 1h")
	}
	c.journal.SyncEvery = d
	return nil
}

func setFacility(c *Config, value string) error {
	code, ok := syslog.ParseFacility(value)
	if !ok {
		return errors.New("must be a facility of syslog, like local0 or daemon")
	}
	c.facility = code
	return nil
}

func setFraming(c *Config, value string) error {
	framing, ok := syslog.ParseFraming(value)
	if !ok {
		return errors.New("must be newline or octet")
	}
	c.framing = framing
	return nil
}

func setPipeline(c *Config, value string) error {
	c.url += "&pipeline=" + url.QueryEscape(value)
	return nil
}

// setSigned reads REGION or REGION/SERVICE.
func setSigned(c *Config, value string) error {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789-"
	region, service, has := strings.Cut(value, "/")
	if !has {
		service = "es"
	}
	if region == "" || service == "" || strings.Trim(region+service, letters) != "" {
		return errors.New("must be REGION or REGION/SERVICE, like eu-central-1 or eu-central-1/aoss")
	}
	c.signed = sigv4.Options{Region: region, Service: service}
	return nil
}

// setQuery adds parameters to the URL, for servers that speak Elasticsearch's protocol
// and take their own settings there.
func setQuery(c *Config, value string) error {
	parameters, err := url.ParseQuery(value)
	if err != nil {
		return errors.New("must be NAME=VALUE&NAME=VALUE, in which & is written %26 and = is written %3D")
	}
	for name := range parameters {
		if looksSecret(name) {
			return errors.New("a secret on a command line is seen by everybody")
		}
	}
	c.url += "&" + parameters.Encode()
	return nil
}

// setIndexIn moves the index from the actions, where it is, to the URL's path.
func setIndexIn(c *Config, value string) error {
	switch value {
	case "action":
	case "path":
		c.url = strings.Replace(c.url, "/_bulk?", "/"+c.index+"/_bulk?", 1)
		c.elastic.Index = ""
	default:
		return errors.New("must be action or path")
	}
	return nil
}

// units of sizes: powers of 1000, and of 1024 with an "i".
var units = map[string]int64{
	"": 1, "B": 1, "K": 1e3, "KB": 1e3, "KIB": 1 << 10, "M": 1e6, "MB": 1e6, "MIB": 1 << 20,
	"G": 1e9, "GB": 1e9, "GIB": 1 << 30, "T": 1e12, "TB": 1e12, "TIB": 1 << 40,
}

// maxSize bounds sizes, in bytes, so that sums do not overflow.
const maxSize = 1 << 50

// parseSize reads a number of bytes like 100MB or 1GiB.
func parseSize(value string, least int64) (int64, error) {
	digits := value
	if i := strings.IndexFunc(value, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
		digits = value[:i]
	}
	unit, ok := units[strings.ToUpper(value[len(digits):])]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || !ok || n > maxSize/unit || n*unit < least {
		return 0, fmt.Errorf("must be a size like 100MB or 1GiB, at least %d bytes", least)
	}
	return n * unit, nil
}

// parseDuration reads days ("7d") and what time.ParseDuration reads.
func parseDuration(value string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(value, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		return time.Duration(n) * 24 * time.Hour, err
	}
	return time.ParseDuration(value)
}

// isPrintable reports whether a text has no control characters, which could move the
// cursor of a terminal.
func isPrintable(s string) bool {
	for _, r := range s {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\ufffd' {
			return false
		}
	}
	return true
}
