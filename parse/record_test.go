package parse

import (
	"bytes"
	"testing"
)

func TestReadRecord(t *testing.T) {
	for _, test := range []struct {
		name string
		data []byte
		size int
		err  error
	}{
		{"nothing yet", nil, 5, ErrShort},
		{"part of the header", []byte{22, 3, 1, 0}, 5, ErrShort},
		{"header alone", []byte{22, 3, 1, 0, 9}, 14, ErrShort},
		{"one byte short", record(Handshake, fill(9))[:13], 14, ErrShort},
		{"whole", record(Handshake, fill(9)), 14, nil},
		{"whole and more", append(record(AlertRecord, fill(2)), 1, 2), 7, nil},
		{"empty", record(ApplicationData, nil), 5, nil},
		{"longest", record(ApplicationData, make([]byte, MaxFragment)), 5 + MaxFragment, nil},
		{"too long", []byte{23, 3, 3, 0x48, 0x01}, 5 + 0x4801, errOversized},
		{"odd minor version", []byte{22, 3, 9, 0, 0}, 5, nil},
		{"content type 19", []byte{19, 3, 1, 0, 0}, 5, nil},
		{"content type 25", []byte{25, 3, 1, 0, 0}, 5, nil},
		{"minor version 255", []byte{22, 3, 255, 0, 0}, 5, nil},
		{"major version 2", []byte{22, 2, 0, 0, 0}, 0, errNotTLS},
		{"text", []byte("GET / HTTP/1.1"), 0, errNotTLS},
		{"first byte of text", []byte("G"), 5, ErrShort},
		{"two bytes of text", []byte("GE"), 5, errNotTLS},
		{"second byte wrong", []byte{22, 4}, 5, errNotTLS},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, size, err := ReadRecord(test.data)
			if size != test.size || err != test.err {
				t.Fatalf("size %d, error %v; want %d, %v", size, err, test.size, test.err)
			}
			if err == nil && !bytes.Equal(r.Fragment, test.data[5:size]) {
				t.Errorf("fragment %x", r.Fragment)
			}
		})
	}
}

func TestReadRecordShowsWhatIsThere(t *testing.T) {
	data := record(Handshake, fill(9))
	r, _, err := ReadRecord(data[:8])
	if err != ErrShort || r.Type != Handshake || r.Version != TLSv1 || !bytes.Equal(r.Fragment, fill(3)) {
		t.Errorf("%+v, %v", r, err)
	}
}

func FuzzReadRecord(f *testing.F) {
	f.Add(record(Handshake, fill(9)))
	f.Add([]byte{22, 3, 1, 0xff, 0xff})
	f.Add([]byte{23, 3})
	f.Fuzz(func(t *testing.T, data []byte) {
		r, size, err := ReadRecord(data)
		switch {
		case err == nil && (size > len(data) || len(r.Fragment) != size-5):
			t.Errorf("size %d of %d, fragment of %d", size, len(data), len(r.Fragment))
		case err == ErrShort && size <= len(data):
			t.Errorf("short, but wants only %d of %d bytes", size, len(data))
		case err == ErrShort && size > 5+MaxFragment:
			t.Errorf("waits for %d bytes", size)
		}
	})
}
