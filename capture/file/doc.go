// Package file reads capture files: classic pcap and pcapng, plain or
// compressed, joined end to end or not, named one by one, by folder or as
// standard input, and merges them into one stream of frames in time order. What
// it does not read it names, and counts (Gaps).
//
// Files are read in large pieces and frames are views into them, so that
// reading costs less than the work that follows. Every length in a file is an
// attacker's: each is checked against a named bound before it is believed.
package file
