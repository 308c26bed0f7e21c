// Package signals handles the signals of a run: those that end it in good time, and those
// that ask for counts or for files to be read or opened again.
package signals
