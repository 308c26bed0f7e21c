package parse

// The bodies of extensions that hold one list. Of an ill-formed body they
// return what is there, and note the oddity.

// list16 is the content of a vector with a length of two bytes.
func list16(data []byte, o *Oddities) []byte {
	if len(data) >= 2 && int(be16(data)) == len(data)-2 {
		return data[2:]
	}
	*o |= MalformedExtension
	if len(data) < 2 {
		return nil
	}
	return data[2:min(len(data), 2+int(be16(data)))]
}

// list8 is the content of a vector with a length of one byte.
func list8(data []byte, o *Oddities) []byte {
	if len(data) >= 1 && int(data[0]) == len(data)-1 {
		return data[1:]
	}
	*o |= MalformedExtension
	if len(data) < 1 {
		return nil
	}
	return data[1:min(len(data), 1+int(data[0]))]
}

// uint16s is list as 16-bit numbers.
func uint16s(list []byte, o *Oddities) Uint16s {
	if len(list)%2 != 0 {
		*o |= OddLengthList
	}
	return Uint16s(list)
}

// protocols is an ALPN list (RFC 7301, 3.1), cut where it stops being
// well-formed.
func protocols(data []byte, o *Oddities) Protocols {
	list := list16(data, o)
	end := 0
	for end < len(list) && end+1+int(list[end]) <= len(list) {
		if list[end] == 0 {
			*o |= MalformedExtension
		}
		end += 1 + int(list[end])
	}
	if end < len(list) {
		*o |= MalformedExtension
	}
	return Protocols(list[:end:end])
}
