// Package memory divides --memory among what a run keeps in memory. It holds none of it.
package memory
