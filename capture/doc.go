// Package capture is the vocabulary of everything that reads packets: what a
// frame is, where frames come from, and how a source reports trouble.
//
// It holds no reader of its own. Live interfaces are capture/live, capture
// files capture/file; capture/decode and capture/flow turn frames into
// packets and packets into ordered bytes.
package capture
