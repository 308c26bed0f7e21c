// Package plaintext appends texts to lines for people and for spreadsheets.
//
// A line is printable ASCII, whatever the text in it: a terminal that shows it interprets
// no control sequence, and no text looks like another part of the line. What does not
// pass as it is becomes a JSON string, or a quoted cell with the same escapes.
package plaintext
