package metrics

import (
	"strings"

	"tlsfloor/cmd/internal/ship"
)

// WriteShipped replaces the file at path by one with the counts of outputs.
func WriteShipped(path string, outputs []ship.Output) error {
	return replace(path, appendShipped(nil, outputs))
}

// quoting writes a value of a label.
var quoting = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// appendShipped appends the counts of outputs, as appendCounts does those of a sensor.
func appendShipped(dst []byte, outputs []ship.Output) []byte {
	samples := func(value func(*ship.Output) uint64) (all []sample) {
		for i := range outputs {
			all = append(all, sample{`{output="` + quoting.Replace(outputs[i].Name) + `"}`, value(&outputs[i])})
		}
		return all
	}
	dst = counter(dst, "tlsfloor_shipped_total", "Events that the far end has, by output.",
		samples(func(o *ship.Output) uint64 { return o.Sent })...)
	dst = counter(dst, "tlsfloor_refused_total", "Events that the far end will never take, by output.",
		samples(func(o *ship.Output) uint64 { return o.Refused })...)
	dst = counter(dst, "tlsfloor_lost_total", "Events that were damaged or removed before they were read, by output.",
		samples(func(o *ship.Output) uint64 { return o.Lost })...)
	dst = counter(dst, "tlsfloor_retries_total", "Deliveries that failed, and are tried again, by output.",
		samples(func(o *ship.Output) uint64 { return o.Retries })...)
	dst = head(dst, "tlsfloor_failing", "gauge", "1 if the last delivery failed, by output.")
	for _, s := range samples(failing) {
		dst = line(dst, "tlsfloor_failing", s)
	}
	return dst
}

func failing(o *ship.Output) uint64 {
	if o.Failure != "" {
		return 1
	}
	return 0
}
