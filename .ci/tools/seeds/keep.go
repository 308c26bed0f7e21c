package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// keeper keeps inputs, of one target after the other.
type keeper struct {
	cache string // folder with the inputs that fuzzing has found
	root  string // of the repository
	work  string // folder for temporary files

	kept   int // number of inputs that were kept
	bytes  int // of all inputs in the repository
	failed int // inputs that fail

	folder string    // of the target's package, relative to the repository
	name   string    // of the target
	known  coverage  // what the inputs that were run so far reach
	found  []found   // the inputs that reached something new
	runs   runInputs // runs inputs of the target
}

// runInputs runs inputs of a target, all of them if names is nil, and returns what they
// reach. The error is errFails if an input fails.
type runInputs func(ctx context.Context, names []string) (coverage, error)

var errFails = errors.New("an input fails")

// candidate is an input that may be kept.
type candidate struct {
	name string // of its file
	size int    // in bytes
}

// found is a candidate with what it reaches.
type found struct {
	candidate
	reached coverage
}

// link links the test binary of a package, with coverage of all packages of the
// repository.
func (k *keeper) link(ctx context.Context, folder string) error {
	c := exec.CommandContext(ctx, "go", "test", "-c", "-pgo=off", "-cover", "-covermode=set", "-coverpkg=./...", "-o", k.binary(), "./"+folder)
	c.Dir = k.root
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", folder, err, out)
	}
	return nil
}

func (k *keeper) binary() string { return filepath.Join(k.work, "test") }

// keepPackage keeps inputs of the wanted targets of a package.
func (k *keeper) keepPackage(ctx context.Context, p fuzzed, wanted *regexp.Regexp) error {
	p.targets = slices.DeleteFunc(p.targets, func(name string) bool { return !wanted.MatchString(p.folder + "/" + name) })
	if len(p.targets) == 0 {
		return nil
	}
	if err := k.link(ctx, p.folder); err != nil {
		return err
	}
	for _, target := range p.targets {
		if err := k.keepTarget(ctx, p.folder, target); err != nil {
			return err
		}
	}
	return nil
}

// count returns how many inputs of a target are kept, and their bytes.
func (k *keeper) count(folder, name string) (inputs, bytes int, err error) {
	entries, err := os.ReadDir(filepath.Join(k.root, folder, "testdata", "fuzz", name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, 0, err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return 0, 0, err
		}
		bytes += int(info.Size())
	}
	return len(entries), bytes, nil
}

// keepTarget keeps inputs of one target.
func (k *keeper) keepTarget(ctx context.Context, folder, name string) (err error) {
	k.folder, k.name = folder, name
	k.runs = k.runBinary
	candidates, err := k.candidates()
	if err != nil || len(candidates) == 0 {
		return err
	}
	own, err := k.runs(ctx, nil)
	if err != nil {
		return fmt.Errorf("%s %s: %w", folder, name, err)
	}
	n, err := k.choose(ctx, candidates, own)
	if err != nil {
		return fmt.Errorf("%s %s: %w", folder, name, err)
	}
	fmt.Printf("seeds: ./%s %s: %d of %d kept\n", folder, name, n, len(candidates))
	return nil
}

// candidates returns the inputs in the cache that are not too long and not kept yet, the
// shortest first.
func (k *keeper) candidates() (list []candidate, err error) {
	entries, err := os.ReadDir(filepath.Join(k.cache, k.folder, k.name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		if _, err := os.Stat(k.seed(e.Name())); err == nil || info.Size() > maxInput {
			continue
		}
		list = append(list, candidate{e.Name(), int(info.Size())})
	}
	slices.SortFunc(list, func(a, b candidate) int {
		return cmp.Or(a.size-b.size, strings.Compare(a.name, b.name))
	})
	return list, nil
}

// choose keeps a few candidates. Together they reach most of what the candidates reach
// and the target's own inputs do not. It returns their number.
func (k *keeper) choose(ctx context.Context, list []candidate, own coverage) (n int, err error) {
	there, _, err := k.count(k.folder, k.name)
	if err != nil || there >= maxInputs {
		return 0, err
	}
	k.known, k.found = maps.Clone(own), nil
	if err := k.search(ctx, list); err != nil {
		return 0, err
	}
	for ; n < maxInputs-there; n++ {
		best, gain := found{}, 0
		for _, f := range k.found {
			if g := f.reached.beyond(own); g > gain && k.bytes+f.size <= maxTotal {
				best, gain = f, g
			}
		}
		if gain == 0 {
			break
		}
		own.add(best.reached)
		k.kept++
		k.bytes += best.size
		if err := k.copy(best.name); err != nil {
			return n, err
		}
	}
	return n, nil
}

// search finds the candidates of a list that reach what none before them does. It halves
// a list that reaches something new. One run is enough for a list that does not, and
// most inputs are in such lists: fuzzing keeps inputs also for how often they reach a
// statement.
func (k *keeper) search(ctx context.Context, list []candidate) error {
	const most = 64 // inputs of a run: larger lists nearly always reach something new
	if len(list) > most {
		if err := k.search(ctx, list[:most]); err != nil {
			return err
		}
		return k.search(ctx, list[most:])
	}
	if len(list) == 0 {
		return nil
	}
	reached, err := k.try(ctx, list)
	switch {
	case err != nil && !errors.Is(err, errFails):
		return err
	case err == nil && reached.beyond(k.known) == 0:
		return nil
	case len(list) > 1:
		half := len(list) / 2
		if err := k.search(ctx, list[:half]); err != nil {
			return err
		}
		return k.search(ctx, list[half:])
	case err != nil:
		k.failed++
		fmt.Fprintf(os.Stderr, "seeds: ./%s %s fails with %s\n", k.folder, k.name, k.cached(list[0].name))
		return nil
	}
	k.known.add(reached)
	k.found = append(k.found, found{list[0], reached})
	return nil
}

// try runs inputs from the cache. For the run they are copied to the folder of the kept
// ones.
func (k *keeper) try(ctx context.Context, list []candidate) (reached coverage, err error) {
	var names []string
	defer func() {
		for _, name := range names {
			err = errors.Join(err, os.Remove(k.seed(name)))
		}
		_ = os.Remove(k.seed("")) // if it is empty
	}()
	for _, c := range list {
		if err := k.copy(c.name); err != nil {
			return nil, err
		}
		names = append(names, c.name)
	}
	return k.runs(ctx, names)
}

func (k *keeper) cached(name string) string { return filepath.Join(k.cache, k.folder, k.name, name) }

func (k *keeper) seed(name string) string {
	return filepath.Join(k.root, k.folder, "testdata", "fuzz", k.name, name)
}

func (k *keeper) copy(name string) error {
	text, err := os.ReadFile(k.cached(name))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(k.seed(name)), 0o777); err != nil {
		return err
	}
	return os.WriteFile(k.seed(name), text, 0o666)
}

// runBinary implements runInputs.
func (k *keeper) runBinary(ctx context.Context, names []string) (coverage, error) {
	pattern, profile := "^"+k.name+"$", filepath.Join(k.work, "profile")
	if names != nil {
		pattern += "/^(" + strings.Join(names, "|") + ")$" // names are hexadecimal
	}
	c := exec.CommandContext(ctx, k.binary(), "-test.run", pattern, "-test.coverprofile", profile)
	c.Dir = filepath.Join(k.root, k.folder)
	out, err := c.CombinedOutput()
	if e := (*exec.ExitError)(nil); errors.As(err, &e) && ctx.Err() == nil && names != nil {
		return nil, errFails
	}
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	text, err := os.ReadFile(profile)
	if err != nil {
		return nil, err
	}
	return parseProfile(text)
}
