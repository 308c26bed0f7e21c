// Package attacker is an intruder for tests. In a program that is built with the tag
// "attacker", each process of tlsfloor tries, once it is confined, what an attacker
// would try who runs code in it, and writes the results. "make system" runs it and
// compares the results with the table in docs/security.md.
//
// A program that is built without the tag contains nothing of it.
package attacker
