package handshake_test

import (
	"fmt"
	"os"

	"tlsfloor/parse/handshake"
)

// Push reads the bytes of both directions of a connection, and returns the hellos.
func Example() {
	hello, err := os.ReadFile("../testdata/client-openssl-tls1.bin")
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, err := os.ReadFile("../testdata/server-tls1.bin")
	if err != nil {
		fmt.Println(err)
		return
	}
	var (
		pool    handshake.Pool // shared by the machines of a goroutine
		machine handshake.Machine
		msg     handshake.Message
	)
	machine.Open(handshake.Opening{Known: true, Dir: 0}, &pool)
	defer machine.Close()
	for d, data := range [][]byte{hello, answer} {
		for {
			n, _, status := machine.Push(handshake.Dir(d), data, &msg)
			data = data[n:] // bytes that Push did not consume are pushed again, before the next ones
			if status != handshake.Found {
				break
			}
			switch msg.Kind {
			case handshake.ClientHello:
				fmt.Printf("%s offers at most %s\n", msg.Client.ServerName, msg.Client.MaxVersion())
			case handshake.ServerHello:
				fmt.Println("the server selects", msg.Server.SelectedVersion)
			}
		}
	}
	fmt.Println("refused:", machine.Outcome(handshake.Closed) == handshake.Refused)
	// Output:
	// dynamodb.us-west-2.amazonaws.com offers at most TLSv1
	// the server selects TLSv1
	// refused: false
}

// A short capture has only the beginning of a hello, which may be enough to judge it.
func ExampleMachine_Cut() {
	hello, err := os.ReadFile("../testdata/client-openssl-tls1.bin")
	if err != nil {
		fmt.Println(err)
		return
	}
	var pool handshake.Pool
	var machine handshake.Machine
	var msg handshake.Message
	machine.Open(handshake.Opening{}, &pool)
	defer machine.Close()
	machine.Push(0, hello[:40], &msg)
	fmt.Println(machine.Cut(0, &msg), msg.Cut, msg.Client.LegacyVersion)
	// Output: true true TLSv1
}
