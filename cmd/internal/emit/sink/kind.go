package sink

import "strings"

// kind is what a value of --output begins with.
type kind string

const (
	stdout       kind = "stdout"
	toFile       kind = "file"
	socket       kind = "unix"
	syslogUDP    kind = "syslog+udp"
	syslogTCP    kind = "syslog+tcp"
	syslogTLS    kind = "syslog+tls"
	splunkHTTPS  kind = "splunk+https"
	splunkHTTP   kind = "splunk+http"
	elasticHTTPS kind = "elasticsearch+https"
	elasticHTTP  kind = "elasticsearch+http"
)

// kinds says what follows each kind, and which options it has beside those of
// all.
var kinds = map[kind]struct {
	where   func(*Config, string) error
	options string // in words
}{
	stdout:       {whereNothing, ""},
	toFile:       {wherePath, "rotate every keep mode"},
	socket:       {wherePath, ""},
	syslogUDP:    {whereHost("514"), "facility"},
	syslogTCP:    {whereHost("514"), "facility"},
	syslogTLS:    {whereHost("6514"), "facility ca cert key server-name"},
	splunkHTTPS:  {whereSplunk, "token-file token-env index source sourcetype ca cert key server-name"},
	splunkHTTP:   {whereSplunk, "token-file token-env index source sourcetype"},
	elasticHTTPS: {whereElastic, "api-key-file api-key-env user password-file password-env pipeline ca cert key server-name"},
	elasticHTTP:  {whereElastic, "api-key-file api-key-env user password-file password-env pipeline"},
}

// commonOptions are those of all kinds, in words.
const commonOptions = "format emit spool spool-size"

const kindsInWords = "stdout, file:PATH, unix:PATH, syslog+udp://HOST, syslog+tcp://HOST, syslog+tls://HOST, " +
	"splunk+https://HOST and elasticsearch+https://HOST/INDEX"

// has reports whether the kind has an option.
func (k kind) has(option string) bool {
	for _, name := range strings.Fields(commonOptions + " " + kinds[k].options) {
		if name == option {
			return true
		}
	}
	return false
}

// isPlain reports whether the kind is HTTP without TLS.
func (k kind) isPlain() bool { return k == splunkHTTP || k == elasticHTTP }
