package live

/*
#cgo LDFLAGS: -lpcap
#cgo noescape tlsfloor_take
#cgo nocallback tlsfloor_take
#include <string.h>
#include <pcap/pcap.h>

// frame is one of a batch. Its bytes follow those of the one before it.
struct frame {
	long long time; // in nanoseconds since the Unix epoch
	unsigned int captured, length;
};

struct batch {
	struct frame *frames;
	unsigned char *bytes;
	int count, most;
	int scale; // of a timestamp's fraction, to nanoseconds
	unsigned int snaplen;
};

static void tlsfloor_add(u_char *to, const struct pcap_pkthdr *h, const u_char *bytes) {
	struct batch *b = (struct batch *)to;
	if (b->count == b->most)
		return; // libpcap gives no more than it was asked for
	struct frame *f = &b->frames[b->count++];
	f->time = (long long)h->ts.tv_sec * 1000000000 + (long long)h->ts.tv_usec * b->scale;
	f->captured = h->caplen < b->snaplen ? h->caplen : b->snaplen; // there is room for no more
	f->length = h->len;
	memcpy(b->bytes, bytes, f->captured);
	b->bytes += f->captured;
}

// tlsfloor_take takes at most so many frames, without waiting, and returns how
// many, or what is wrong when there are none.
static int tlsfloor_take(pcap_t *p, int most, void *frames, void *bytes, int scale, int snaplen) {
	struct batch b = {frames, bytes, 0, most, scale, snaplen};
	int result = pcap_dispatch(p, most, tlsfloor_add, (u_char *)&b);
	return b.count > 0 ? b.count : result;
}
*/
import "C"

import (
	"errors"
	"os"
	"reflect"
	"syscall"
	"time"
	"unsafe"

	"github.com/google/gopacket/pcap"
	"golang.org/x/sys/unix"

	"tlsfloor/capture"
)

// framesAtOnce is how many frames one call of libpcap takes: with a call for each,
// taking them was 18 % of all CPU at 200,000 frames a second. There is room for as
// many of the largest; what is not used of it is no memory.
const framesAtOnce = 64

var errHandle = errors.New("libpcap reports an error")

// many takes frames in batches. It waits as Go's own sockets do: a thread that
// waits in libpcap has Go's monitor look after it, at fifty times a
// millisecond, which was an eighth of all CPU at 200,000 frames a second.
type many struct {
	handle  *C.pcap_t
	scale   C.int // of timestamps
	snaplen C.int
	timeout time.Duration
	file    *os.File // the socket, for Go to wait on
	socket  syscall.RawConn

	frames   []C.struct_frame
	bytes    []byte // room for framesAtOnce
	count    int    // of frames that were taken
	read     int    // of these
	consumed int    // bytes of them
	failed   bool
}

// newReader returns a reader that suits h, which must not wait by itself, and why
// that is not one that takes frames in batches.
func newReader(h *pcap.Handle, timeout time.Duration) (reader, error) {
	m := &many{timeout: timeout}
	err := m.prepare(h)
	if err == nil {
		err = m.watch()
	}
	if err != nil {
		m.close()
		return single{h}, err
	}
	return m, nil
}

// pointer is libpcap's handle, which gopacket has no method for; nil: gopacket
// keeps it elsewhere.
func pointer(h *pcap.Handle) unsafe.Pointer {
	field := reflect.ValueOf(h).Elem().FieldByName("cptr")
	if !field.IsValid() || field.Kind() != reflect.Pointer {
		return nil
	}
	return field.UnsafePointer()
}

// selectable is the descriptor of libpcap's handle that can be waited for: the
// socket. -1: it has none.
func selectable(handle unsafe.Pointer) int {
	return int(C.pcap_get_selectable_fd((*C.pcap_t)(handle)))
}

// errNoPointer: gopacket is not as it was.
var errNoPointer = errors.New("no way to libpcap's handle")

// prepare makes room for frames of h.
func (m *many) prepare(h *pcap.Handle) (err error) {
	if m.handle = (*C.pcap_t)(pointer(h)); m.handle == nil {
		return errNoPointer
	}
	if m.scale = 1000; C.pcap_get_tstamp_precision(m.handle) == C.PCAP_TSTAMP_PRECISION_NANO {
		m.scale = 1
	}
	m.snaplen, m.frames = C.int(h.SnapLen()), make([]C.struct_frame, framesAtOnce)
	const access, private = unix.PROT_READ | unix.PROT_WRITE, unix.MAP_PRIVATE | unix.MAP_ANONYMOUS | unix.MAP_NORESERVE
	m.bytes, err = unix.Mmap(-1, 0, framesAtOnce*h.SnapLen(), access, private)
	return err
}

// watch has Go's poller look at the socket, under a descriptor of its own: that
// of the handle is closed by libpcap. It fails for handles that have none.
func (m *many) watch() error {
	socket, err := unix.FcntlInt(uintptr(C.pcap_get_selectable_fd(m.handle)), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return err
	}
	m.file = os.NewFile(uintptr(socket), "packets")
	if m.socket, err = m.file.SyscallConn(); err != nil {
		return err
	}
	return m.file.SetReadDeadline(time.Time{}) // os.ErrNoDeadline: the poller does not take it
}

func (m *many) close() {
	if m.file != nil {
		_ = m.file.Close()
	}
	if m.bytes != nil {
		_ = unix.Munmap(m.bytes)
	}
}

// next implements reader.
func (m *many) next(f *capture.Frame) error {
	if m.read == m.count {
		if err := m.fill(); err != nil {
			return err
		}
	}
	frame := &m.frames[m.read]
	end := m.consumed + int(frame.captured)
	f.Time, f.Data, f.Length = int64(frame.time), m.bytes[m.consumed:end:end], int(frame.length)
	m.read, m.consumed = m.read+1, end
	return nil
}

// fill takes a batch, and waits for it if need be.
func (m *many) fill() error {
	m.read, m.consumed = 0, 0
	if m.take(); m.count > 0 || m.failed {
		return m.err()
	}
	if err := m.file.SetReadDeadline(time.Now().Add(m.timeout)); err != nil {
		return err
	}
	err := m.socket.Read(func(uintptr) bool {
		m.take()
		return m.count > 0 || m.failed
	})
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return capture.ErrTimeout
	}
	return errors.Join(err, m.err())
}

func (m *many) err() error {
	if m.failed {
		return errHandle
	}
	return nil
}

func (m *many) take() {
	n := C.tlsfloor_take(m.handle, framesAtOnce, unsafe.Pointer(&m.frames[0]), unsafe.Pointer(&m.bytes[0]), m.scale, m.snaplen)
	m.count, m.failed = max(0, int(n)), n < 0
}
