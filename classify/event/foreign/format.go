package foreign

import (
	"fmt"

	"tlsfloor/classify/event"
	"tlsfloor/classify/jsontext"
)

// Formats are the names that ParseFormat knows.
const Formats = "ecs, ocsf, eve, zeek"

// ParseFormat makes the Format for a value of --format; by is the sensor in its
// events.
func ParseFormat(name string, by event.Sensor) (event.Format, error) {
	switch name {
	case "ecs":
		return &ecs{sensor: by, structs: jsontext.NewStructs()}, nil
	case "ocsf":
		return &ocsf{sensor: by, structs: jsontext.NewStructs()}, nil
	case "eve":
		return &eve{sensor: by, structs: jsontext.NewStructs()}, nil
	case "zeek":
		return &zeek{structs: jsontext.NewStructs()}, nil
	}
	return nil, fmt.Errorf("no such format %q: there are %s", name, Formats)
}
