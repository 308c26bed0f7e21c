package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"tlsfloor/classify"
	"tlsfloor/classify/advice"
)

// event is what is needed of a native event (docs/event.schema.json).
type event struct {
	Schema  string `json:"schema"`
	Kind    string `json:"kind"`
	Time    string `json:"ts"`
	Flagged bool   `json:"flagged"`
	Fix     string `json:"fix"`
	Reason  string `json:"reason"`
	Source  string `json:"src_ip"`
	Host    string `json:"host"`
	Target  string `json:"dst_ip"`
	AWS     struct {
		Region  string `json:"region"`
		Service string `json:"service"`
	} `json:"aws"`
	Server struct {
		Version string `json:"version"`
	} `json:"server"`
	Client struct {
		MaxVersion string `json:"max_version"`
	} `json:"client"`
	Process *struct {
		Executable  string   `json:"executable"`
		CommandLine []string `json:"command_line"`
		User        string   `json:"user"`
		Unit        string   `json:"unit"`
		Container   string   `json:"container"`
	} `json:"process"`
	Software struct {
		ID         string `json:"id"`
		Name       string `json:"name"`
		Version    string `json:"version"`
		Library    string `json:"library"`
		Confidence string `json:"confidence"`
	} `json:"software"`
	Advice struct {
		ID string `json:"id"`
	} `json:"advice"`
	Sensor struct {
		Host string `json:"host"`
	} `json:"sensor"`
}

// maxLine bounds a line, in bytes. tlsfloor's own are below 100 KB.
const maxLine = 1 << 20

// Add reads events, a line each, and adds the flagged ones. What is no event of
// tlsfloor is counted and left out. The error is the reader's; what came before
// it is kept.
func (r *Findings) Add(from io.Reader) error {
	in := bufio.NewReaderSize(from, maxLine)
	for {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			r.foreign++
			err = skipLine(in)
		} else if line = bytes.TrimSpace(line); len(line) > 0 {
			r.line(line)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading events: %w", err)
		}
	}
}

func skipLine(in *bufio.Reader) error {
	for {
		if _, err := in.ReadSlice('\n'); !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

func (r *Findings) line(line []byte) {
	var e event
	if json.Unmarshal(line, &e) != nil || e.Schema != "tlsfloor/1" {
		r.foreign++
		return
	}
	r.events++
	if e.Kind == "handshake" && e.Flagged {
		r.add(&e)
	}
}

// guide is the event's advice, or that of a newer tlsfloor for an event that has
// none, or one that is not known here.
func (e *event) guide() string {
	if _, ok := advice.Lookup(e.Advice.ID); ok {
		return e.Advice.ID
	}
	f := &classify.Finding{Verdict: classify.Violation, Fix: classify.FixUnknown}
	switch e.Fix {
	case "client":
		f.Fix = classify.FixClient
	case "server":
		f.Fix = classify.FixServer
	}
	if e.AWS.Service != "" {
		f.AWS = &classify.AWS{Service: e.AWS.Service}
	}
	if e.Software.ID != "" {
		f.Software = &classify.Software{ID: e.Software.ID}
	}
	return advice.For(f).ID
}
