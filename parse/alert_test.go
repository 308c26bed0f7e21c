package parse

import "testing"

func TestAlertNames(t *testing.T) {
	for description, want := range map[AlertDescription]string{
		70: "protocol_version", 40: "handshake_failure", 0: "close_notify", 121: "ech_required", 255: "unknown_255",
	} {
		if got := description.String(); got != want {
			t.Errorf("%d: %s, want %s", description, got, want)
		}
	}
	for level, want := range map[AlertLevel]string{AlertWarning: "warning", AlertFatal: "fatal", 3: "unknown_3"} {
		if got := level.String(); got != want {
			t.Errorf("%d: %s, want %s", level, got, want)
		}
	}
}
