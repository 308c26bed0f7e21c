// Package classify is the vocabulary of judging: the Observation of one TLS
// handshake, and the Finding that comes of it.
//
// The judgement itself is in the packages below: classify/policy holds the
// floor, classify/aws knows AWS's names.
package classify
