package main

import (
	"fmt"
	"runtime"
	"sync/atomic"

	"tlsfloor/classify/names"
	"tlsfloor/cmd/internal/regular"
)

// maxRanges bounds ip-ranges.json, in bytes: AWS's has 2 MB.
const maxRanges = 32 << 20

// knowledge is what of names comes from files. SIGHUP reads them again.
type knowledge struct {
	hosts, ranges string // names of files; empty: none
	store         *names.Store
	table         atomic.Pointer[names.Ranges] // workers read it while SIGHUP changes it
	known         *names.Hosts
	size          int64 // of the lists in memory, in bytes
	loaded        bool  // once: a descriptor cannot be read again
}

// newKnowledge reads the lists, and finds out what they take of memory.
func newKnowledge(o *options) (*knowledge, error) {
	k := &knowledge{hosts: o.names, ranges: o.ranges}
	if k.hosts == "" && k.ranges == "" {
		return k, nil
	}
	before := heapInUse()
	err := k.load()
	k.size = max(0, heapInUse()-before)
	return k, err
}

// heapInUse is the bytes that the program holds.
func heapInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// makeStore makes the store, within its share of the memory.
func (k *knowledge) makeStore(s *shares) {
	k.store = names.NewStore(names.Options{Memory: int(s.names)})
	if k.known != nil {
		k.store.Use(k.known)
	}
}

// load reads the files. On an error what was known before stands. It may be
// called while workers use what is known, but not twice at once.
func (k *knowledge) load() error {
	again := k.loaded
	k.loaded = true
	if !again || !regular.IsDescriptor(k.hosts) {
		if err := k.loadHosts(); err != nil {
			return err
		}
	}
	if again && regular.IsDescriptor(k.ranges) {
		return nil
	}
	return k.loadRanges()
}

func (k *knowledge) loadHosts() error {
	if k.hosts == "" {
		return nil
	}
	f, err := regular.Open(k.hosts)
	if err != nil {
		return fmt.Errorf("--names: %w", err)
	}
	defer f.Close()
	hosts, err := names.LoadHosts(f)
	if err != nil {
		return fmt.Errorf("--names %s: %w", k.hosts, err)
	}
	k.known = hosts
	if k.store != nil {
		k.store.Use(hosts)
	}
	return nil
}

func (k *knowledge) loadRanges() error {
	if k.ranges == "" {
		return nil
	}
	b, err := regular.Read(k.ranges, maxRanges)
	if err != nil {
		return fmt.Errorf("--aws-ip-ranges: %w", err)
	}
	table, err := names.ParseRanges(b)
	if err != nil {
		return fmt.Errorf("--aws-ip-ranges %s: %w", k.ranges, err)
	}
	k.table.Store(table)
	return nil
}

// lookup returns the function that gives a sensor the ranges known now; nil:
// there will be none.
func (k *knowledge) lookup() func() *names.Ranges {
	if k.ranges == "" {
		return nil
	}
	return k.table.Load
}
