// Package deliver takes batches of lines from where they wait, and gives them to a
// transport until the far end has them. What fails is tried again, less and less often;
// the user is told when that begins and when it ends.
package deliver
