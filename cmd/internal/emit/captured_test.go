package emit

import (
	"path/filepath"
	"sync"
	"testing"

	"tlsfloor/capture/file"
	"tlsfloor/capture/flow"
	"tlsfloor/classify"
	"tlsfloor/classify/names"
	"tlsfloor/classify/policy"
	watch "tlsfloor/cmd/internal/sensor"
)

const captures = "../../../testdata/captures"

// captured are the findings of each recorded capture, by its file name.
var captured = sync.OnceValues(func() (map[string][]*classify.Finding, error) {
	paths, err := filepath.Glob(filepath.Join(captures, "*.pcap*"))
	if err != nil {
		return nil, err
	}
	all := make(map[string][]*classify.Finding)
	for _, path := range paths {
		found, err := replay(path)
		if err != nil {
			return nil, err
		}
		all[filepath.Base(path)] = found
	}
	return all, nil
})

// replay reads a capture as --emit all does. A capture that is broken on
// purpose has the findings up to there.
func replay(path string) (found []*classify.Finding, _ error) {
	scope, err := policy.NewScope(nil)
	if err != nil {
		return nil, err
	}
	judge, err := policy.New(policy.Options{Scope: scope})
	if err != nil {
		return nil, err
	}
	source, err := file.Open([]string{path}, file.Options{})
	if err != nil {
		return nil, err
	}
	defer source.Close()
	s := watch.New(watch.Options{
		Policy: judge, Names: names.NewStore(names.Options{}), Flow: flow.Options{MaxFlows: 100},
		Emit:    func(*classify.Finding) bool { return true },
		Deliver: func(f *classify.Finding) { f.Source = filepath.Base(path); found = append(found, f) },
		Report:  func(error) {},
	})
	return found, s.Run(source, func() bool { return true })
}

// eachCaptured calls do for every finding of every recorded capture.
func eachCaptured(t *testing.T, do func(t *testing.T, f *classify.Finding)) {
	t.Helper()
	all, err := captured()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 100 {
		t.Fatalf("only %d captures", len(all))
	}
	for name, found := range all {
		t.Run(name, func(t *testing.T) {
			for _, f := range found {
				do(t, f)
			}
		})
	}
}
