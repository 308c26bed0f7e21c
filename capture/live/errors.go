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

// What can be wrong with an interface or an expression. Open and Next wrap
// them in a *capture.InputError that names the interface.
var (
	// ErrNoInterface: there is no interface of that name.
	ErrNoInterface = errors.New("no such interface")
	// ErrPermission: this process may not capture.
	ErrPermission = errors.New("no permission to capture")
	// ErrDown: the interface is there, but not up.
	ErrDown = errors.New("the interface is down")
	// ErrLost: an interface that was captured from went away. It is opened
	// again when it comes back.
	ErrLost = errors.New("the interface went away; waiting for it to come back")
	// ErrFilterChanged: another process has changed what the capture lets through.
	ErrFilterChanged = errors.New("its packet filter is not the one that was attached: packets may be missing")
	// ErrUnseen: the kernel counts packets, and no frame comes.
	ErrUnseen = errors.New("packets pass it, and none of them arrive here")
	// ErrOneByOne: frames cannot be taken in batches. Nothing is missed because of
	// that alone, but it costs 18 to 32 % more processor time, and on Linux it is
	// never so with the libpcap and gopacket that this was written for.
	ErrOneByOne = errors.New("its packets are taken one by one, which takes more processor time")
	// ErrPromiscuous: the interface has no promiscuous mode.
	ErrPromiscuous = errors.New("the interface has no promiscuous mode; capture without it")
	// ErrExpression: libpcap does not understand the BPF expression.
	ErrExpression = errors.New("bad BPF expression")

	errNoneNamed = errors.New("no interface named")
	errNulByte   = errors.New("it holds a zero byte")
)

func inputError(name string, err error) error {
	return &capture.InputError{Name: name, Err: err}
}

// gopacket's errors of an activation have no exported type; these are the
// texts of v1.1.19.
const (
	activatePermission  = "Permission Denied"
	activateNoDevice    = "No Such Device"
	activateNotUp       = "Interface Not Up"
	activatePromiscuous = "Cannot set as promisc"
	// PCAP_ERROR_PROMISC_PERM_DENIED, which gopacket does not know
	activatePromiscPermission = "unknown activated error: -11"
)

// explain turns the error of an activation into one that says what to do.
func explain(name string, err error) error {
	switch text := err.Error(); text {
	case activatePermission, activatePromiscPermission:
		if !exists(name) {
			return noInterface()
		}
		return fmt.Errorf("%w: %s", ErrPermission, remedy())
	case activateNoDevice:
		return noInterface()
	case activateNotUp:
		return fmt.Errorf("%w: bring it up first", ErrDown)
	case activatePromiscuous:
		return ErrPromiscuous
	default:
		if strings.HasSuffix(strings.ToLower(text), syscall.EPERM.Error()) {
			return fmt.Errorf("%w: %s", ErrPermission, remedy())
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

// noInterface names the interfaces that can be captured from instead.
func noInterface() error {
	all, err := Interfaces()
	if err != nil {
		return ErrNoInterface
	}
	var up []string
	for _, i := range all {
		if i.Up {
			up = append(up, i.Name)
		}
	}
	return fmt.Errorf("%w; there are: %s", ErrNoInterface, strings.Join(up, ", "))
}

func exists(name string) bool {
	all, err := Interfaces()
	if err != nil {
		return true
	}
	for _, i := range all {
		if i.Name == name {
			return true
		}
	}
	return false
}
