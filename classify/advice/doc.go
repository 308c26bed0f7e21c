// Package advice says what to change so that a flow reaches the floor: which
// setting, of the client or of the AWS service.
//
// Each guide is a file in guides/. What is in them was true in November 2026;
// where a date matters, the guide gives it.
package advice
