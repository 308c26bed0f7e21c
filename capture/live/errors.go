package live

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"

	"tlsfloor/capture"
)

// What can be wrong with an interface or an expression. Open and Next wrap these errors
// in a *capture.InputError with the name of the interface.
var (
	// ErrDown: the interface exists, but is not up.
	ErrDown = errors.New("the interface is down")
	// ErrLost: an interface that was captured from went away. It is opened again when
	// it comes back.
	ErrLost = errors.New("the interface went away; waiting for it to come back")
	// ErrFilterChanged: another process has changed the packet filter of the capture.
	ErrFilterChanged = errors.New("its packet filter was replaced by another process: packets may be missing")
	// ErrUnseen: the kernel counts packets, but no frame comes.
	ErrUnseen = errors.New("packets pass it, but none of them arrive here")
	// ErrOneByOne: frames cannot be read in batches. That alone loses no frame, but it
	// costs 18 to 32 % more processor time. On Linux it does not happen with the versions
	// of libpcap and gopacket that this was written for.
	ErrOneByOne = errors.New("its packets are taken one by one, which takes more processor time")

	errNoInterface = errors.New("no such interface")
	errPermission  = errors.New("no permission to capture")
	errPromiscuous = errors.New("the interface has no promiscuous mode; capture without it")
	errExpression  = errors.New("bad expression") // libpcap does not understand it
	errNoneNamed   = errors.New("no interface named")
	errNulByte     = errors.New("it holds a zero byte")
)

func inputError(name string, err error) error {
	return &capture.InputError{Name: name, Err: err}
}

// gopacket's errors of an activation have no exported type. These are their texts in
// v1.1.19.
const (
	activatePermission  = "Permission Denied"
	activateNoDevice    = "No Such Device"
	activateNotUp       = "Interface Not Up"
	activatePromiscuous = "Cannot set as promisc"
	// PCAP_ERROR_PROMISC_PERM_DENIED, which gopacket does not know.
	activatePromiscPermission = "unknown activated error: -11"
)

// explain returns an error that says what to do about the error of an activation.
func explain(name string, err error) error {
	switch text := err.Error(); text {
	case activatePermission, activatePromiscPermission:
		if !exists(name) {
			return noInterface()
		}
		return fmt.Errorf("%w: %s", errPermission, remedy())
	case activateNoDevice:
		return noInterface()
	case activateNotUp:
		return fmt.Errorf("%w: bring it up first", ErrDown)
	case activatePromiscuous:
		return errPromiscuous
	default:
		if strings.HasSuffix(strings.ToLower(text), syscall.EPERM.Error()) {
			return fmt.Errorf("%w: %s", errPermission, remedy())
		}
		return errors.New(strings.TrimPrefix(text, "Error: "))
	}
}

func remedy() string {
	if runtime.GOOS != "linux" {
		return "run it as root"
	}
	program, err := os.Executable()
	if err != nil {
		program = os.Args[0]
	}
	return "run it as root, or allow it once with: sudo setcap cap_net_raw+ep " + program
}
