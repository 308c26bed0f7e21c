package parse

// reader is what is left to read of a message. Its methods advance it and
// answer whether the bytes were there; a reader that answered false has not
// moved.
//
// It is not cryptobyte.String, with which a ServerHello takes 15 % longer and the
// ClientHellos of BenchmarkClientHellos 19 %: that one goes through a loop for each
// length, moves where it fails, and gives views through which append could write on.
type reader []byte

func (r *reader) uint8(out *uint8) bool {
	if len(*r) < 1 {
		return false
	}
	*out = (*r)[0]
	*r = (*r)[1:]
	return true
}

func (r *reader) uint16(out *uint16) bool {
	if len(*r) < 2 {
		return false
	}
	*out = be16(*r)
	*r = (*r)[2:]
	return true
}

func (r *reader) bytes(n int, out *[]byte) bool {
	if len(*r) < n {
		return false
	}
	*out = (*r)[:n:n]
	*r = (*r)[n:]
	return true
}

// vector8 reads a vector with a length of one byte (RFC 8446, 3.4).
func (r *reader) vector8(out *[]byte) bool {
	s := *r
	if len(s) < 1 || len(s) < 1+int(s[0]) {
		return false
	}
	n := 1 + int(s[0])
	*out, *r = s[1:n:n], s[n:]
	return true
}

// vector16 reads a vector with a length of two bytes.
func (r *reader) vector16(out *[]byte) bool {
	s := *r
	if len(s) < 2 || len(s) < 2+int(be16(s)) {
		return false
	}
	n := 2 + int(be16(s))
	*out, *r = s[2:n:n], s[n:]
	return true
}

// vector24 reads a vector with a length of three bytes.
func (r *reader) vector24(out *[]byte) bool {
	s := *r
	if len(s) < 3 || len(s) < 3+be24(s) {
		return false
	}
	n := 3 + be24(s)
	*out, *r = s[3:n:n], s[n:]
	return true
}

func be16(b []byte) uint16 { return uint16(b[0])<<8 | uint16(b[1]) }

func be24(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }
