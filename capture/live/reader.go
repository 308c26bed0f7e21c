package live

import (
	"github.com/google/gopacket/pcap"

	"tlsfloor/capture"
)

// reader takes frames out of a handle.
type reader interface {
	// next fills Time, Data and Length of f; the data are valid until the next
	// call. It returns capture.ErrTimeout when nothing came within the handle's
	// timeout, and another error when the handle has failed.
	next(f *capture.Frame) error
	close() // before the handle
}

// single takes one frame with each call of libpcap, and lets libpcap wait.
type single struct{ handle *pcap.Handle }

func (s single) next(f *capture.Frame) error {
	data, info, err := s.handle.ZeroCopyReadPacketData()
	if err == pcap.NextErrorTimeoutExpired {
		return capture.ErrTimeout
	}
	if err != nil {
		return err
	}
	f.Time, f.Data, f.Length = info.Timestamp.UnixNano(), data, info.Length
	return nil
}

func (single) close() {}
