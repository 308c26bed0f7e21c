// Package delivery has another process deliver to outputs on the network, and puts a journal
// between. That process is started first, with the secrets; then this one executes itself
// anew, without them.
package delivery
