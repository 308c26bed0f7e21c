package lines

import (
	"bytes"
	"encoding/json"
	"fmt"

	"tlsfloor/classify/event"
	"tlsfloor/classify/event/foreign"
)

// The names of the formats of this package.
const (
	formatText = "text"
	formatCSV  = "csv"
)

// Names are the formats that ParseFormat knows.
const Names = "native, " + foreign.Formats + ", " + formatText + ", " + formatCSV

// IsJSON reports whether the lines of a format are JSON objects.
func IsJSON(format string) bool { return format != formatText && format != formatCSV }

// ParseFormat makes the Format for a value of --format, those of package event included;
// by is the sensor in its events, and style the look of lines of text.
func ParseFormat(name string, by event.Sensor, style Style) (event.Format, error) {
	switch name {
	case "native":
		return event.NewNative(by), nil
	case formatText:
		return &text{style}, nil
	case formatCSV:
		return &table{sensor: by}, nil
	}
	f, err := foreign.ParseFormat(name, by)
	if err != nil {
		return nil, fmt.Errorf("no such format %q: there are %s", name, Names)
	}
	return f, nil
}

// Header returns the line that a new file or stream of a format begins with, with its
// end; nil: none.
func Header(format string) []byte {
	if format == formatCSV {
		return csvHeader
	}
	return nil
}

// Begins reports whether the beginning of a line, without one before it, can be that of
// this format.
func Begins(format string, torn []byte) bool {
	switch format {
	case formatText:
		return beginsText(torn)
	case formatCSV:
		return bytes.HasPrefix(csvHeader, torn)
	}
	return bytes.HasPrefix(torn, []byte{'{'})
}

// IsLine reports whether a line, without its end, is one of this format, or an object of
// JSON if the format is one of these.
func IsLine(format string, line []byte) bool {
	switch format {
	case formatText:
		return isTextLine(line)
	case formatCSV:
		return isRow(line)
	}
	return bytes.HasPrefix(line, []byte{'{'}) && json.Valid(line)
}
