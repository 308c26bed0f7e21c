// Package lines writes events as what is not JSON: lines of text for people, and rows of
// CSV for spreadsheets (docs/outputs.md). A line is printable ASCII.
package lines
