// Package classify has the types for the result of a handshake: the Observation,
// which is what was captured of it, and the Finding, which adds the verdict.
//
// The packages below it make a Finding of an Observation. classify/policy compares
// the versions with the floor, and classify/aws reads AWS's names.
package classify
