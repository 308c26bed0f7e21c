package standin

import (
	"compress/gzip"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"testing"
)

// Server is an HTTP server that can be killed and started again at the same address.
// Its errors fail the test.
type Server struct {
	Address string

	t       testing.TB
	config  *tls.Config
	handler http.Handler
	server  *http.Server
}

// Start serves at a free port of 127.0.0.1, without TLS if config is nil.
func Start(t testing.TB, config *tls.Config, handler http.Handler) *Server {
	t.Helper()
	s := &Server{Address: "127.0.0.1:0", t: t, config: config, handler: handler}
	s.Restart()
	t.Cleanup(s.Kill)
	return s
}

// Restart serves again.
func (s *Server) Restart() {
	s.t.Helper()
	l, err := net.Listen("tcp", s.Address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.Address = l.Addr().String()
	s.server = &http.Server{Handler: s.handler, TLSConfig: s.config, ErrorLog: log.New(io.Discard, "", 0)}
	go s.serve(s.server, l)
}

func (s *Server) serve(server *http.Server, l net.Listener) {
	var err error
	if s.config != nil {
		err = server.ServeTLS(l, "", "")
	} else {
		err = server.Serve(l)
	}
	if !errors.Is(err, http.ErrServerClosed) {
		s.t.Error(err)
	}
}

// Kill closes the port and all connections at once. A request that was read may still be
// processed, without a response.
func (s *Server) Kill() { _ = s.server.Close() }

// body returns a request's body, decompressed.
func body(r *http.Request) ([]byte, error) {
	if r.ContentLength == 0 {
		return nil, nil
	}
	if r.Header.Get("Content-Encoding") != "gzip" {
		return nil, errors.New("the request is not packed")
	}
	unpacked, err := gzip.NewReader(r.Body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(unpacked)
}
