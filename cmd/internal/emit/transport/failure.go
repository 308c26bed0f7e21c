package transport

import (
	"errors"
	"time"
)

// Class says what to do after a failure.
type Class uint8

// The classes of failures.
const (
	// Passing: try again, sooner or later.
	Passing Class = iota
	// Misconfigured: a person has to change something, here or there. Trying
	// again costs little and finds out when that was done.
	Misconfigured
	// Final: the far end never comes back.
	Final
)

// Failure is an error with its class. An error that is none is Passing.
type Failure struct {
	Err   error
	Class Class
	After time.Duration // the far end asked not to come back before; 0: it did not
}

func (f *Failure) Error() string { return f.Err.Error() }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Wrong makes a Failure of class Misconfigured.
func Wrong(err error) error { return &Failure{Err: err, Class: Misconfigured} }

// ClassOf returns the class of an error.
func ClassOf(err error) Class {
	var f *Failure
	if errors.As(err, &f) {
		return f.Class
	}
	return Passing
}

// After is how long the far end asked to be left alone.
func After(err error) time.Duration {
	var f *Failure
	if errors.As(err, &f) {
		return f.After
	}
	return 0
}
