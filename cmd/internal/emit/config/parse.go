package config

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"tlsfloor/classify/event"
	"tlsfloor/classify/event/lines"
)

// maxSpec bounds a value of --output, in bytes.
const maxSpec = 8 << 10

// Parse reads a value of --output: KIND[:WHERE][?OPTION=VALUE[&OPTION=VALUE]...]
// (docs/outputs.md). Errors quote nothing that could be a secret.
func Parse(spec string, d Defaults) (Config, error) {
	if len(spec) > maxSpec {
		return Config{}, fmt.Errorf("an output is longer than %d bytes", maxSpec)
	}
	c := Config{Defaults: d}
	head, options, has := strings.Cut(spec, "?")
	err := c.readKind(head)
	if err == nil && has {
		err = c.readOptions(options)
	}
	if err == nil {
		err = c.complete()
	}
	if err != nil {
		return Config{}, err
	}
	return c, nil
}

// readKind reads the part before the options.
func (c *Config) readKind(head string) error {
	name, where, _ := strings.Cut(head, ":")
	if name == "-" {
		name = string(stdout)
	}
	k, ok := kinds[kind(name)]
	if !ok {
		return unknownKind(head)
	}
	c.kind = kind(name)
	if err := k.where(c, where); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func unknownKind(head string) error {
	if strings.ContainsAny(head, "/.") && !strings.Contains(head, ":") {
		return errors.New("a file is written file:PATH")
	}
	for plain, encrypted := range map[string]kind{"syslog": syslogTLS, "splunk": splunkHTTPS, "elasticsearch": elasticHTTPS} {
		if strings.HasPrefix(head, plain) {
			return fmt.Errorf("no such kind of output: did you mean %s://", encrypted)
		}
	}
	return errors.New("no such kind of output: there are " + kindList)
}

func (c *Config) readOptions(text string) error {
	seen := map[string]bool{}
	for _, option := range strings.Split(text, "&") {
		name, value, has := strings.Cut(option, "=")
		switch {
		case !has:
			return fmt.Errorf("%s: an option has no value: they are written NAME=VALUE", c.kind)
		case looksSecret(name):
			return fmt.Errorf("%s: a secret on a command line is seen by everybody: put it into a file or the environment (options ending in -file or -env)", c.kind)
		case !c.kind.has(name):
			return fmt.Errorf("%s: %s: there are %s", c.kind, unknownOption(name), c.optionList())
		case seen[name]:
			return fmt.Errorf("%s: %s is given twice", c.kind, name)
		}
		seen[name] = true
		if err := c.readOption(name, value); err != nil {
			return fmt.Errorf("%s: %s: %w", c.kind, name, err)
		}
	}
	return nil
}

func (c *Config) readOption(name, value string) error {
	value, err := url.PathUnescape(value)
	if err != nil {
		return errors.New("a % must be followed by two hexadecimal digits")
	}
	if value == "" || !isPrintable(value) {
		return errors.New("is empty, or not printable")
	}
	return setters[name](c, value)
}

// looksSecret reports whether the value of an option of this name would be a secret.
func looksSecret(name string) bool {
	name = strings.ToLower(name)
	if strings.HasSuffix(name, "-file") || strings.HasSuffix(name, "-env") {
		return false
	}
	for _, word := range []string{"token", "passw", "secret", "api-key", "apikey", "api_key", "authorization", "credential"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// unknownOption quotes the name only if it is a short word: others may be a secret.
func unknownOption(name string) string {
	if name == "" || len(name) > 20 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz-") != "" {
		return "no such option"
	}
	return "no option " + name
}

func (c *Config) optionList() string {
	return strings.Join(c.kind.options(), ", ")
}

// complete fills in defaults and checks the whole.
func (c *Config) complete() error {
	if c.Format == "" {
		c.Format = "native"
	}
	if c.SpoolSize == 0 {
		c.SpoolSize = defaultSpoolSize
	}
	if _, err := lines.ParseFormat(c.Format, event.Sensor{}, lines.Style{}); err != nil {
		return fmt.Errorf("%s: %w", c.kind, err)
	}
	if err := c.checkTogether(); err != nil {
		return fmt.Errorf("%s: %w", c.kind, err)
	}
	return nil
}

func (c *Config) checkTogether() error {
	e := &c.elastic
	switch {
	case (c.kind == elasticHTTPS || c.kind == elasticHTTP) && !lines.IsJSON(c.Format):
		return fmt.Errorf("takes JSON documents only, and no %s: give it format=ecs, or format=native", c.Format)
	case (c.tls.Cert == "") != (c.tls.Key == ""):
		return errors.New("cert and key go together")
	case c.file.Keep > 0 && c.file.Size == 0 && c.file.Every == 0:
		return errors.New("keep needs rotate or every")
	case (c.kind == splunkHTTPS || c.kind == splunkHTTP) && !c.splunk.Token.Given():
		return errors.New("needs a token: token-file=FILE or token-env=NAME")
	case (e.User == "") == e.Password.Given():
		return errors.New("user goes with password-file or password-env")
	case e.User != "" && e.Key.Given():
		return errors.New("an API key and a user do not go together")
	case c.signed.Region != "" && (e.User != "" || e.Key.Given()):
		return errors.New("sigv4 goes without an API key or a user")
	}
	for _, s := range []struct{ file, variable string }{
		{c.splunk.Token.File, c.splunk.Token.Variable}, {e.Key.File, e.Key.Variable}, {e.Password.File, e.Password.Variable},
	} {
		if s.file != "" && s.variable != "" {
			return errors.New("a secret is in a file or in the environment, not in both")
		}
	}
	return nil
}
