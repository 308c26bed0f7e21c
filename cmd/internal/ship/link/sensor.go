package link

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"tlsfloor/cmd/internal/ship"
)

// Sensor is the sensor, as the shipper sees it.
type Sensor struct {
	socket *os.File
	every  time.Duration // between reports

	mu      sync.Mutex
	notes   []string
	leftOut int           // notes without room
	noted   chan struct{} // has an element when there are notes
}

const (
	// reportEvery is how often counts are reported at most.
	reportEvery = time.Second
	// maxWaiting bounds the notes that wait for a sensor that does not read.
	maxWaiting = 64
	// alone is how long a shipper goes on without its sensor: the next one needs its places
	// in the journal.
	alone = time.Second / 2
	// patience is how long a report waits for such a sensor. Deliveries never do.
	patience = time.Second
)

// NewSensor returns the sensor at the other end of socket.
func NewSensor(socket *os.File) *Sensor {
	return &Sensor{socket: socket, every: reportEvery, noted: make(chan struct{}, 1)}
}

// Note passes a line on to the user. It never waits; any number of goroutines may call it.
func (s *Sensor) Note(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.notes) == maxWaiting {
		s.leftOut++
		return
	}
	s.notes = append(s.notes, cut(line))
	select {
	case s.noted <- struct{}{}:
	default:
	}
}

// Fail tells the sensor why nothing will be delivered.
func (s *Sensor) Fail(why error) error {
	s.sendNotes()
	return s.send(&report{Failure: why.Error()})
}

// Worker is what delivers.
type Worker interface {
	// Stats returns the counts of the outputs.
	Stats() []ship.Output
	// Reopen reads secrets and certificates again, and makes outputs try again at once.
	Reopen() error
	// Finish makes the worker deliver what is there and end, within a time; 0: as long as
	// there is progress.
	Finish(within time.Duration)
	// Done is closed when it has ended.
	Done() <-chan struct{}
}

// Serve reports what w does, and passes the sensor's requests on to it, until w has ended.
func (s *Sensor) Serve(w Worker) error {
	last := w.Stats()
	if err := s.send(&report{Ready: true, Outputs: last}); err != nil {
		w.Finish(alone) // there is no sensor any more
	}
	go s.obey(w)
	for {
		select {
		case <-w.Done():
			s.sendNotes()
			return s.send(&report{Outputs: w.Stats(), Final: true})
		case <-s.noted:
			s.sendNotes()
		case <-time.After(s.every):
			if now := w.Stats(); !slices.Equal(now, last) && s.send(&report{Outputs: now}) == nil {
				last = now
			}
		}
	}
}

// obey passes requests on, until the sensor has closed its end.
func (s *Sensor) obey(w Worker) {
	for b := make([]byte, maxPacket); ; {
		var r request
		n, err := s.socket.Read(b)
		if err == nil {
			err = json.Unmarshal(b[:n], &r)
		}
		switch {
		case err != nil:
			w.Finish(alone)
			return
		case r.Reopen:
			go func() { // which waits for the disk
				if err := w.Reopen(); err != nil {
					s.Note(err.Error() + "; going on as before")
				}
			}()
		case r.Finish != nil:
			w.Finish(*r.Finish)
		}
	}
}

// sendNotes sends the notes that wait.
func (s *Sensor) sendNotes() {
	s.mu.Lock()
	notes, leftOut := s.notes, s.leftOut
	s.notes, s.leftOut = nil, 0
	s.mu.Unlock()
	if leftOut > 0 {
		notes = append(notes, fmt.Sprintf("%d messages are left out", leftOut))
	}
	for some := range slices.Chunk(notes, maxNotes) {
		if s.send(&report{Notes: some}) != nil {
			return
		}
	}
}

func (s *Sensor) send(r *report) error {
	b, err := r.encode()
	if err != nil {
		return err
	}
	if err := s.socket.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	_, err = s.socket.Write(b)
	return err
}
