// Package ownership opens files for a process that begins as root and goes on
// as another user, in folders of that user.
package ownership
