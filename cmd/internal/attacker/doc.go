// Package attacker is an intruder: built with the tag "attacker", each process of
// tlsfloor tries, once it is confined, what somebody would who had come to run
// code in it, and says what came of it. "make system" runs it, and holds the
// answers against the table in docs/security.md.
//
// Nothing of it is in a program that is built without the tag.
package attacker
