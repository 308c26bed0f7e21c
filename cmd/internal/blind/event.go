package blind

import "tlsfloor/classify/event"

// ForEvent returns spots as an event has them.
func ForEvent(spots []Spot) []event.Spot {
	all := make([]event.Spot, 0, len(spots))
	for i := range spots {
		s := event.Spot{Cause: spots[i].Cause.String(), Count: spots[i].Count}
		for _, item := range spots[i].Top {
			one := event.Item{Name: item.Name, Count: item.Count}
			if item.Numbered {
				one.Number = &item.Number
			}
			s.Top = append(s.Top, one)
		}
		all = append(all, s)
	}
	return all
}
