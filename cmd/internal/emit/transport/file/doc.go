// Package file carries lines to a file: each by one write, with rotation and
// retention, and repaired at the start when a killed process left a torn line.
package file
