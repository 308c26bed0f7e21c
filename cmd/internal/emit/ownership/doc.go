// Package ownership opens files in folders of another user, for a process that starts as
// root and then changes to that user. As root it follows no symbolic links there.
package ownership
