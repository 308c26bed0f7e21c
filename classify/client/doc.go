// Package client says which software a client most likely is: by the process
// at its end of the connection, and by what its ClientHello looks like. A
// hello shows how the TLS library was built and set up, seldom the program;
// nothing more is said than that.
//
// Two tables are embedded. data/hellos.tsv describes the hellos of libraries,
// data/fingerprints.tsv lists JA3 and JA4 values that one library alone was
// seen to send. Each row says where it comes from: rows that begin with "measured"
// were taken from the recordings in testdata/clients, "published" ones from a
// source that it names, and "unverified" ones from neither.
package client
