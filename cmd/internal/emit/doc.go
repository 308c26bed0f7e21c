// Package emit writes findings: encoders, which append one event to a buffer,
// apart from transports, which carry lines of them to where they go.
package emit
