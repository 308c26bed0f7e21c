// Package report tells a person what a run has seen: a summary short enough to
// be read in a minute.
package report
