// Package report writes for people: the summary at the end of a run, short enough to
// be read in a minute, and explanations of events that are read back: who has to change
// what, with each guide written once for all clients it concerns.
package report
