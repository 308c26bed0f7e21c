// Package client identifies the software of a client: by the process at its end of the
// connection, and by its ClientHello. A hello shows how the TLS library was built and
// configured, and seldom the program. Then only the library is named.
//
// Two tables are embedded. data/hellos.tsv describes the hellos of libraries.
// data/fingerprints.tsv lists JA3 and JA4 values that only one library was seen to send.
// Each row has its origin: "measured" rows are from the recordings in testdata/clients,
// "published" ones from a source that the row names, and "unverified" ones from neither.
package client
