package parse

import (
	"bytes"
	"strconv"
)

// Alert is a plaintext alert (RFC 8446, 6).
type Alert struct {
	Level       AlertLevel
	Description AlertDescription
}

// AlertLevel is the level of an alert.
type AlertLevel uint8

// The levels.
const (
	AlertWarning AlertLevel = 1
	AlertFatal   AlertLevel = 2
)

// String returns "warning", "fatal", or "unknown_N".
func (l AlertLevel) String() string {
	switch l {
	case AlertWarning:
		return "warning"
	case AlertFatal:
		return "fatal"
	}
	return unknownAlert + strconv.Itoa(int(l))
}

// ParseAlertLevel returns the level that a text stands for: see String.
func ParseAlertLevel(text []byte) (l AlertLevel, ok bool) {
	switch string(text) {
	case "warning":
		return AlertWarning, true
	case "fatal":
		return AlertFatal, true
	}
	number, is := bytes.CutPrefix(text, []byte(unknownAlert))
	n, err := strconv.ParseUint(string(number), 10, 8)
	return AlertLevel(n), is && err == nil
}

// unknownAlert is before a number without a name.
const unknownAlert = "unknown_"

// AlertDescription is the reason that an alert gives.
type AlertDescription uint8

// alertNames are the entries of IANA's registry "TLS Alerts", and SSLv3's
// no_certificate (RFC 6101, 5.4.2).
var alertNames = map[AlertDescription]string{
	0:   "close_notify",
	10:  "unexpected_message",
	20:  "bad_record_mac",
	21:  "decryption_failed",
	22:  "record_overflow",
	30:  "decompression_failure",
	40:  "handshake_failure",
	41:  "no_certificate",
	42:  "bad_certificate",
	43:  "unsupported_certificate",
	44:  "certificate_revoked",
	45:  "certificate_expired",
	46:  "certificate_unknown",
	47:  "illegal_parameter",
	48:  "unknown_ca",
	49:  "access_denied",
	50:  "decode_error",
	51:  "decrypt_error",
	52:  "too_many_cids_requested",
	60:  "export_restriction",
	70:  "protocol_version",
	71:  "insufficient_security",
	80:  "internal_error",
	86:  "inappropriate_fallback",
	90:  "user_canceled",
	100: "no_renegotiation",
	109: "missing_extension",
	110: "unsupported_extension",
	111: "certificate_unobtainable",
	112: "unrecognized_name",
	113: "bad_certificate_status_response",
	114: "bad_certificate_hash_value",
	115: "unknown_psk_identity",
	116: "certificate_required",
	117: "general_error",
	120: "no_application_protocol",
	121: "ech_required",
}

// String returns the name in the registry, "protocol_version", or "unknown_N".
func (d AlertDescription) String() string {
	if name, ok := alertNames[d]; ok {
		return name
	}
	return unknownAlert + strconv.Itoa(int(d))
}
