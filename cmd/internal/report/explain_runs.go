package report

import (
	"maps"
	"slices"

	"tlsfloor/classify/event"
	"tlsfloor/cmd/internal/blind"
)

// maxRuns bounds the sensors whose unfinished runs are kept apart.
const maxRuns = 1000

// unseen is what the runs could not see whose events were read. Each stats event has the
// counts from the beginning of its run, so the last one of each run is used.
type unseen struct {
	ended   totals             // of finished runs
	open    map[string]counted // of unfinished runs, by the sensor's host
	unknown int                // spots with causes that this version does not know
}

// counted is what a run has counted so far.
type counted struct {
	spots []blind.Spot
	sums  [4]uint64 // packets, flows, handshakes and flagged flows
	held  uint64    // flagged flows that no event is about yet

	excepted uint64
}

func (u *unseen) add(s *event.Stats) {
	now := counted{u.spotsOf(s), [4]uint64{s.Packets, s.Flows, s.Handshakes, s.Flagged}, s.Held, s.Excepted}
	host := end(s.Sensor.Host, maxHost)
	before, known := u.open[host]
	if known && !now.follows(&before) {
		u.finish(&before)
	}
	switch {
	case s.Final, !known && len(u.open) >= maxRuns:
		delete(u.open, host)
		u.finish(&now)
	case u.open == nil:
		u.open = map[string]counted{host: now}
	default:
		u.open[host] = now
	}
}

// totals are counts of runs, added up.
type totals struct {
	spots             []blind.Spot
	flagged, excepted uint64
	held              uint64 // flagged flows that runs which have not ended had not written yet
}

func (t *totals) add(c *counted) {
	t.spots = blind.Merge(append(t.spots, c.spots...)...)
	t.flagged += c.flagged()
	t.excepted += c.excepted
}

func (u *unseen) finish(c *counted) { u.ended.add(c) }

func (c counted) flagged() uint64 { return c.sums[3] }

// follows reports whether counts may be later ones of the same run, in which nothing
// becomes less, except that an expression may match later. Otherwise a run was killed,
// and another one has begun.
func (c *counted) follows(before *counted) bool {
	for i, n := range before.sums {
		if c.sums[i] < n {
			return false
		}
	}
	for _, b := range before.spots {
		if b.Cause.String() != "filter_matched_nothing" && !slices.ContainsFunc(c.spots, func(s blind.Spot) bool { return s.Cause == b.Cause && s.Count >= b.Count }) {
			return false
		}
	}
	return true
}

// spotsOf returns the spots of an event, within the usual bounds.
func (u *unseen) spotsOf(of *event.Stats) (spots []blind.Spot) {
	for _, s := range of.Blind {
		cause, ok := blind.ParseCause(s.Cause)
		if !ok {
			u.unknown++
			continue
		}
		one := blind.Spot{Cause: cause, Count: s.Count}
		for _, t := range s.Top[:min(len(s.Top), blind.MaxTop)] {
			item := blind.Item{Name: beginning(t.Name, maxText), Count: t.Count}
			if t.Number != nil {
				item.Number, item.Numbered = *t.Number, true
			}
			one.Top = append(one.Top, item)
		}
		spots = append(spots, one)
	}
	return spots
}

// maxText bounds the name of a thing that could not be seen, in bytes.
const maxText = 1000

// totals are the counts of all runs.
func (u *unseen) totals() totals {
	all := u.ended
	all.spots = slices.Clone(all.spots)
	for _, host := range slices.Sorted(maps.Keys(u.open)) {
		c := u.open[host]
		all.add(&c)
		all.held += min(c.held, c.flagged())
	}
	return all
}
