package link

import (
	"encoding/json"
	"time"

	"tlsfloor/cmd/internal/ship"
)

// maxPacket bounds a packet, in bytes. The counts of an output have some 300.
const maxPacket = 64 << 10

// The bounds of lines for the user: in a packet, of which JSON may write every byte as six,
// and of a line, in bytes.
const (
	maxNotes = 8
	maxNote  = 1 << 10
)

// report is a packet of the shipper.
type report struct {
	Failure string        `json:"failure,omitempty"`
	Ready   bool          `json:"ready,omitempty"`
	Outputs []ship.Output `json:"outputs,omitempty"`
	Notes   []string      `json:"notes,omitempty"`
	Final   bool          `json:"final,omitempty"`
}

// encode returns the packet, without the counts if there are too many outputs for it.
func (r *report) encode() ([]byte, error) {
	b, err := json.Marshal(r)
	if err != nil || len(b) <= maxPacket {
		return b, err
	}
	return json.Marshal(&report{Failure: cut(r.Failure), Ready: r.Ready, Final: r.Final})
}

// request is a packet of the sensor.
type request struct {
	Reopen bool           `json:"reopen,omitempty"`
	Finish *time.Duration `json:"finish,omitempty"`
}

// cut bounds a line.
func cut(line string) string { return line[:min(len(line), maxNote)] }
