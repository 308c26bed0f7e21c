// Package captures writes capture files, for tests: byte by byte, or with pcapgo,
// which shares no code with the readers. It compresses and converts them as tools
// do, and compares frames.
package captures
