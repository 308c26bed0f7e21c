// Package advice tells what to change so that a flow reaches the floor: which setting
// of the client or of the AWS service.
//
// Each guide is a file in guides/. It has the day on which its statements were checked,
// and names their sources. What is known about a client (its version, an option on its
// command line) chooses among the summaries of its guide.
package advice
