// Package file delivers lines to a file, each by one write. It rotates the file, removes
// old ones, and repairs a torn line that a killed process left.
package file
