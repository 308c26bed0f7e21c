package faketime

import (
	"testing"
	"time"
)

// Alarms ring in the order of their times, each at its own, and none too early.
func TestAdvance(t *testing.T) {
	c := New()
	begin := c.Now()
	late, early, now := c.After(2*time.Second), c.After(time.Second), c.After(0)
	if at := <-now; !at.Equal(begin) {
		t.Errorf("what need not wait is woken at %v", at)
	}
	c.Advance(time.Second - 1)
	if len(early)+len(late) > 0 {
		t.Error("an alarm rings too early")
	}
	c.Advance(5 * time.Second)
	if a, b := <-early, <-late; a.Sub(begin) != time.Second || b.Sub(begin) != 2*time.Second {
		t.Errorf("rang at %v and %v", a.Sub(begin), b.Sub(begin))
	}
	if passed := c.Now().Sub(begin); passed != 6*time.Second-1 {
		t.Errorf("%v have passed", passed)
	}
}

// Until passes what is short, as often as it is asked for, and nothing else.
func TestUntil(t *testing.T) {
	c := New()
	begin, rang := c.Now(), make(chan struct{})
	go func() {
		for range 10 {
			<-c.After(c.Longest)
		}
		close(rang)
		<-c.After(c.Longest + 1)
	}()
	c.Until(t, func() bool {
		select {
		case <-rang:
			return true
		default:
			return false
		}
	})
	c.UntilAlarm(t, c.Longest+1)
	if c.skip() {
		t.Error("a long wait is passed")
	}
	if passed := c.Now().Sub(begin); passed != 10*c.Longest {
		t.Errorf("%v have passed", passed)
	}
}
