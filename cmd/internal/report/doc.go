// Package report tells a person what a run has seen: a summary short enough to
// be read in a minute. It also reads events back, and explains what to do about
// them: who has to change, and how, a guide once for all whom it concerns.
package report
