// Package compress decompresses captures: gzip, zstd, lz4, xz and bzip2. It tells
// the formats apart by their first bytes, because file names can be wrong.
//
// The data is an attacker's: a file of a few bytes may ask for gigabytes. The
// headers in the data are read before the decompressor sees them, and the memory
// that they make it allocate is reserved first.
package compress
