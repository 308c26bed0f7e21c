package syslog

import (
	"os"
	"strconv"
	"time"

	"tlsfloor/cmd/internal/emit/transport"
)

// Header is what all messages have in common.
type Header struct {
	Facility uint8  // RFC 5424, 6.2.1
	Host     string // who sends; empty: not known
}

// maxHost bounds HOSTNAME, in bytes (RFC 5424, 6).
const maxHost = 255

// appendMessage appends the message for a line. A repeated message is the same
// byte for byte, as long as the process is.
func (h Header) appendMessage(dst []byte, m transport.Mark, line []byte) []byte {
	dst = append(dst, '<')
	dst = strconv.AppendUint(dst, uint64(h.Facility)<<3|uint64(m.Severity), 10)
	dst = append(dst, ">1 "...)
	dst = time.UnixMicro(m.Time/1000).UTC().AppendFormat(dst, "2006-01-02T15:04:05.000000Z ")
	dst = append(h.appendHost(dst), " tlsfloor "...)
	dst = strconv.AppendInt(dst, int64(os.Getpid()), 10)
	dst = append(append(append(dst, ' '), m.Kind.String()...), " - "...)
	return append(dst, line...)
}

// appendHost appends HOSTNAME, which is PRINTUSASCII, or the NILVALUE.
func (h Header) appendHost(dst []byte) []byte {
	start := len(dst)
	for i := 0; i < len(h.Host) && len(dst) < start+maxHost; i++ {
		if c := h.Host[i]; c > ' ' && c <= '~' {
			dst = append(dst, c)
		}
	}
	if len(dst) == start {
		dst = append(dst, '-')
	}
	return dst
}

var facilities = map[string]uint8{
	"kern": 0, "user": 1, "mail": 2, "daemon": 3, "auth": 4, "syslog": 5, "lpr": 6, "news": 7, "uucp": 8,
	"cron": 9, "authpriv": 10, "ftp": 11, "local0": 16, "local1": 17, "local2": 18, "local3": 19,
	"local4": 20, "local5": 21, "local6": 22, "local7": 23,
}

// ParseFacility reads the name of a facility.
func ParseFacility(name string) (uint8, bool) {
	code, ok := facilities[name]
	return code, ok
}
