// Package wording writes errors in words for the user: without the names that Go's library
// gives to its calls and packages ("open x: ", "dial tcp 192.0.2.1:514: connect: ",
// "x509: "), and in one line; counts with the form of their noun; and lists of words.
package wording
