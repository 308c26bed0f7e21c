package parse

// RecordStream cuts one direction of a connection into records as the bytes
// come, without waiting for a record's end: a ServerHello at the beginning of
// a record of 16 kB is there with the first segment, which may be all of the
// record that a capture holds. The zero value is ready. It keeps no reference
// to data, and no bytes but those of a header or an alert.
type RecordStream struct {
	header [recordHeader]byte
	have   uint8 // bytes of header that have come
	broken bool  // ErrNotTLS was met
	alert  [2]byte
	left   int // bytes of the fragment still to come
}

// Part is what one call of RecordStream.Next had of a record.
type Part struct {
	Type    ContentType
	Version Version // as the record's header says
	Length  int     // of the record's whole fragment, in bytes
	First   bool    // the record begins with this part
	Last    bool    // the record ends with this part
	// Fragment is a view into data. It is empty when data ended with the
	// header, and in an empty record. A fragment of 2 bytes in an alert record,
	// a plaintext alert, always comes whole, and then is valid until the next
	// call of Next.
	Fragment []byte
}

// Oversized reports whether the record is longer than TLS allows.
func (p *Part) Oversized() bool { return p.Length > MaxFragment }

// Next takes the next part of a record out of data, which it moves past what
// it used. Call it until it returns false: then data is used up, or err is
// ErrNotTLS, which is the stream's last word.
func (s *RecordStream) Next(data *[]byte) (p Part, ok bool, err error) {
	first := s.have < recordHeader
	if first && !s.readHeader(data) {
		return Part{}, false, s.err()
	}
	if !first && len(*data) == 0 {
		return Part{}, false, nil
	}
	if ContentType(s.header[0]) == AlertRecord && s.length() == len(s.alert) {
		p, ok = s.readAlert(data)
		return p, ok, nil
	}
	return s.readPart(data, first), true, nil
}

func (s *RecordStream) err() error {
	if s.broken {
		return ErrNotTLS
	}
	return nil
}

// length is the length of the current record's fragment.
func (s *RecordStream) length() int { return int(be16(s.header[3:])) }

// readHeader collects a header, and answers whether it is complete and one of
// TLS. After one that is not, have stays below recordHeader for good.
func (s *RecordStream) readHeader(data *[]byte) bool {
	if s.broken {
		return false
	}
	n := copy(s.header[s.have:], *data)
	if shortHeader(s.header[:int(s.have)+n]) == ErrNotTLS {
		s.broken = true
		return false
	}
	*data = (*data)[n:]
	s.have += uint8(n)
	if s.have < recordHeader {
		return false
	}
	s.left = s.length()
	return true
}

// readAlert collects a plaintext alert.
func (s *RecordStream) readAlert(data *[]byte) (Part, bool) {
	n := copy(s.alert[len(s.alert)-s.left:], *data)
	*data = (*data)[n:]
	s.left -= n
	if s.left > 0 {
		return Part{}, false
	}
	return s.part(s.alert[:], true), true
}

// readPart takes what data has of the fragment.
func (s *RecordStream) readPart(data *[]byte, first bool) Part {
	n := min(s.left, len(*data))
	fragment := (*data)[:n:n]
	*data = (*data)[n:]
	s.left -= n
	return s.part(fragment, first)
}

// part makes a Part of the current record, and lets the next one begin when
// nothing is left of it.
func (s *RecordStream) part(fragment []byte, first bool) Part {
	if s.left == 0 {
		s.have = 0
	}
	return Part{
		Type:     ContentType(s.header[0]),
		Version:  Version(be16(s.header[1:])),
		Length:   s.length(),
		First:    first,
		Last:     s.left == 0,
		Fragment: fragment,
	}
}
