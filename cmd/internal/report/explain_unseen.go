package report

import (
	"maps"
	"slices"

	"tlsfloor/classify/event"
	"tlsfloor/cmd/internal/blind"
)

// maxRuns bounds the sensors whose runs are told apart while they last.
const maxRuns = 1000

// unseen is what the runs whose events were read could not see. Each stats event
// counts from the beginning of its run, so that of a run the last one counts.
type unseen struct {
	ended   []blind.Spot            // of runs that are over, added up
	open    map[string][]blind.Spot // of others, by the sensor's host
	unknown int                     // spots of causes that only a newer tlsfloor knows
}

func (u *unseen) add(e *event.Event) {
	spots := u.read(e)
	host := e.Sensor.Host[:min(len(e.Sensor.Host), maxHost)]
	switch _, known := u.open[host]; {
	case e.Final, !known && len(u.open) >= maxRuns:
		delete(u.open, host)
		u.ended = blind.Merge(append(u.ended, spots...)...)
	case u.open == nil:
		u.open = map[string][]blind.Spot{host: spots}
	default:
		u.open[host] = spots
	}
}

// read turns what an event says into spots, within the bounds of these.
func (u *unseen) read(e *event.Event) (spots []blind.Spot) {
	for _, s := range e.Blind {
		cause, ok := blind.ParseCause(s.Cause)
		if !ok {
			u.unknown++
			continue
		}
		one := blind.Spot{Cause: cause, Count: s.Count}
		for _, t := range s.Top[:min(len(s.Top), blind.MaxTop)] {
			item := blind.Item{Name: t.Name[:min(len(t.Name), maxShown)], Count: t.Count}
			if t.Number != nil {
				item.Number, item.Numbered = *t.Number, true
			}
			one.Top = append(one.Top, item)
		}
		spots = append(spots, one)
	}
	return spots
}

// spots is all of it, the most important first.
func (u *unseen) spots() []blind.Spot {
	all := slices.Clone(u.ended)
	for _, host := range slices.Sorted(maps.Keys(u.open)) {
		all = append(all, u.open[host]...)
	}
	return blind.Merge(all...)
}
