// Package options is the command line: its options, what they mean together, and errors
// that name an option as it was typed. Nothing that they name is opened here.
package options
