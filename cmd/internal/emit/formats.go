package emit

import "fmt"

// ParseFormat reads a value of --format; by is the sensor that the events name.
func ParseFormat(name string, by Sensor) (Format, error) {
	switch name {
	case "native":
		return NewNative(by), nil
	case "ecs":
		return ECS{by}, nil
	case "ocsf":
		return OCSF{by}, nil
	case "eve":
		return EVE{by}, nil
	case "zeek":
		return Zeek{}, nil
	}
	return nil, fmt.Errorf("no such format %q: there are native, ecs, ocsf, eve and zeek", name)
}
