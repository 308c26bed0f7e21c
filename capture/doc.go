// Package capture has the types that all packages which read packets share: what a frame
// is, where frames come from, and how a source reports errors.
//
// It reads nothing itself. capture/live reads interfaces and capture/file capture files,
// in the formats of capture/pcap and capture/compress; capture/decode turns frames into
// packets, and capture/flow packets into bytes in order.
package capture
