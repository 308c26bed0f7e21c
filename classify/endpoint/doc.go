// Package endpoint has what the two endpoints of a flow tell: its identities, and its
// direction.
package endpoint
