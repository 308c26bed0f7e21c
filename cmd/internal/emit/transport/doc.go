// Package transport is the vocabulary of carrying events: a Batch of lines on
// its way, the Transport that delivers it, and what can be wrong with that. The
// packages below carry.
package transport
