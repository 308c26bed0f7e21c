package sensor

import (
	"tlsfloor/capture/flow"
	"tlsfloor/classify"
	"tlsfloor/parse"
)

// outcome says how the handshake ended, when the connection ended by cause.
func (c *session) outcome(cause flow.Cause) classify.Outcome {
	server := c.server()
	alerted := server != nil && server.alerted
	switch {
	case c.fatal():
		return classify.Refused
	case c.established():
		return classify.Established
	case alerted && (cause == flow.Closed || cause == flow.Reset):
		return classify.Refused
	case cause == flow.Reset:
		return classify.Reset
	case cause == flow.Closed:
		return classify.Closed
	case cause == flow.Idle && !c.answered():
		return classify.Unanswered
	}
	return classify.Truncated
}

// established: both sides went on to protected records, or the one whose
// direction was captured did.
func (c *session) established() bool {
	a, b := &c.side[0], &c.side[1]
	if !a.encrypted() && !b.encrypted() {
		return false
	}
	return (a.encrypted() || a.blind || !a.sent) && (b.encrypted() || b.blind || !b.sent)
}

// encrypted reports whether the direction went on to protected records, as far
// as is known.
func (s *side) encrypted() bool { return s.protected || s.changed != unchanged }

// fatal reports whether an alert ended the handshake. What a client says before
// it has heard anything answers a connection that was closed on it.
func (c *session) fatal() bool {
	server := c.server()
	for d := range c.side {
		s := &c.side[d]
		if s.alerted && s.alert.Level == parse.AlertFatal && (s == server || server == nil || server.sent) {
			return true
		}
	}
	return false
}

// answered reports whether the server sent anything.
func (c *session) answered() bool {
	server := c.server()
	return server != nil && server.sent
}

// alert is the first alert, the server's when both sent one; nil: none.
func (c *session) alert() *classify.Alert {
	if c.client == unknownRole {
		return nil
	}
	for _, from := range []classify.Side{classify.ServerSide, classify.ClientSide} {
		s := &c.side[c.client.dir()]
		if from == classify.ServerSide {
			s = c.server()
		}
		if s.alerted {
			return &classify.Alert{From: from, Level: uint8(s.alert.Level), Code: uint8(s.alert.Description)}
		}
	}
	return nil
}
