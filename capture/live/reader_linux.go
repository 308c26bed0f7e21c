package live

/*
#cgo LDFLAGS: -lpcap
#cgo noescape tlsfloor_take
#cgo nocallback tlsfloor_take
#include <string.h>
#include <pcap/pcap.h>

// frame is one frame of a batch. Its bytes follow those of the frame before it.
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
		return; // libpcap gives no more than were asked for
	struct frame *f = &b->frames[b->count++];
	f->time = (long long)h->ts.tv_sec * 1000000000 + (long long)h->ts.tv_usec * b->scale;
	f->captured = h->caplen < b->snaplen ? h->caplen : b->snaplen; // there is no room for more
	f->length = h->len;
	memcpy(b->bytes, bytes, f->captured);
	b->bytes += f->captured;
}

// tlsfloor_take takes at most that many frames, without waiting. It returns how many,
// or libpcap's error if there are none.
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

// framesAtOnce is how many frames one call of libpcap takes. With a call for each frame,
// these were 18 % of all CPU time at 200,000 frames a second. There is address space for
// as many of the largest; what is not used of it takes no memory.
const framesAtOnce = 64

var errHandle = errors.New("libpcap reports an error")

// batchReader reads frames in batches. It waits with Go's poller: for a thread that
// waits in libpcap, Go's monitor wakes up to fifty times a millisecond, which was an
// eighth of all CPU time at 200,000 frames a second.
type batchReader struct {
	handle  *C.pcap_t
	scale   C.int // of timestamps
	snaplen C.int
	timeout time.Duration
	file    *os.File // the socket, for Go's poller
	socket  syscall.RawConn

	frames   []C.struct_frame
	bytes    []byte // room for framesAtOnce
	count    int    // of frames in the batch
	read     int    // of them
	consumed int    // bytes of these
	failed   bool
}

// newReader returns a reader for h, and an error if that cannot read in batches.
func newReader(h *pcap.Handle, timeout time.Duration) (reader, error) {
	r := &batchReader{timeout: timeout}
	err := r.prepare(h)
	if err == nil {
		err = r.poll()
	}
	if err != nil {
		r.close()
		return singleReader{h}, err
	}
	return r, nil
}

// pointer returns libpcap's handle, for which gopacket has no method; nil if gopacket
// keeps it elsewhere.
func pointer(h *pcap.Handle) unsafe.Pointer {
	field := reflect.ValueOf(h).Elem().FieldByName("cptr")
	if !field.IsValid() || field.Kind() != reflect.Pointer {
		return nil
	}
	return field.UnsafePointer()
}

// selectable returns the descriptor of libpcap's handle that can be polled, the socket,
// or -1.
func selectable(handle unsafe.Pointer) int {
	return int(C.pcap_get_selectable_fd((*C.pcap_t)(handle)))
}

// errNoPointer: gopacket has changed.
var errNoPointer = errors.New("no way to libpcap's handle")

// prepare reads the properties of h and allocates room for its frames.
func (r *batchReader) prepare(h *pcap.Handle) (err error) {
	if r.handle = (*C.pcap_t)(pointer(h)); r.handle == nil {
		return errNoPointer
	}
	if r.scale = 1000; C.pcap_get_tstamp_precision(r.handle) == C.PCAP_TSTAMP_PRECISION_NANO {
		r.scale = 1
	}
	r.snaplen, r.frames = C.int(h.SnapLen()), make([]C.struct_frame, framesAtOnce)
	const access, private = unix.PROT_READ | unix.PROT_WRITE, unix.MAP_PRIVATE | unix.MAP_ANONYMOUS | unix.MAP_NORESERVE
	r.bytes, err = unix.Mmap(-1, 0, framesAtOnce*h.SnapLen(), access, private)
	return err
}

// poll registers the socket with Go's poller, as a duplicate, since libpcap closes its
// own descriptor. It fails for a handle without a socket.
func (r *batchReader) poll() error {
	socket, err := unix.FcntlInt(uintptr(C.pcap_get_selectable_fd(r.handle)), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return err
	}
	r.file = os.NewFile(uintptr(socket), "packets")
	if r.socket, err = r.file.SyscallConn(); err != nil {
		return err
	}
	return r.file.SetReadDeadline(time.Time{}) // os.ErrNoDeadline: the poller does not support it
}

func (r *batchReader) close() {
	if r.file != nil {
		_ = r.file.Close()
	}
	if r.bytes != nil {
		_ = unix.Munmap(r.bytes)
	}
}

// next implements reader.
func (r *batchReader) next(f *capture.Frame) error {
	if r.read == r.count {
		if err := r.fill(); err != nil {
			return err
		}
	}
	frame := &r.frames[r.read]
	end := r.consumed + int(frame.captured)
	f.Time, f.Data, f.Length = int64(frame.time), r.bytes[r.consumed:end:end], int(frame.length)
	r.read, r.consumed = r.read+1, end
	return nil
}

// fill reads a batch. It waits until there is one, at most for the timeout.
func (r *batchReader) fill() error {
	r.read, r.consumed = 0, 0
	if r.take(); r.count > 0 || r.failed {
		return r.err()
	}
	if err := r.file.SetReadDeadline(time.Now().Add(r.timeout)); err != nil {
		return err
	}
	err := r.socket.Read(func(uintptr) bool {
		r.take()
		return r.count > 0 || r.failed
	})
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return capture.ErrTimeout
	}
	return errors.Join(err, r.err())
}

func (r *batchReader) err() error {
	if r.failed {
		return errHandle
	}
	return nil
}

func (r *batchReader) take() {
	n := C.tlsfloor_take(r.handle, framesAtOnce, unsafe.Pointer(&r.frames[0]), unsafe.Pointer(&r.bytes[0]), r.scale, r.snaplen)
	r.count, r.failed = max(0, int(n)), n < 0
}
