// Package advice tells what to change so that a flow reaches the floor: which setting
// of the client or of the AWS service.
//
// Each guide is a file in guides/. It has the day on which its statements were checked,
// and names their sources. A test runs those of its commands that say what they print.
// What is known about a client (its program, its version, an option on its command line,
// a variable of its environment, the protocol that it speaks before TLS) chooses the
// guide and one of its summaries.
package advice
