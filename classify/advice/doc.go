// Package advice tells what to change so that a flow reaches the floor: which setting
// of the client or of the AWS service.
//
// Each guide is a file in guides/. Its contents were true in November 2026; where a
// date matters, the guide has it.
package advice
