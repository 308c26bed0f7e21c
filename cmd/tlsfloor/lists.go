package main

import (
	"fmt"
	"runtime"
	"sync/atomic"

	"tlsfloor/classify/names"
	"tlsfloor/cmd/internal/memory"
	"tlsfloor/cmd/internal/options"
	"tlsfloor/cmd/internal/regular"
)

// maxRanges bounds ip-ranges.json, in bytes. That of AWS has 2 MB.
const maxRanges = 32 << 20

// nameLists are the names and address ranges from files. SIGHUP reads them again.
type nameLists struct {
	hosts, ranges string // names of files; empty: none
	store         *names.Store
	rangeTable    atomic.Pointer[names.Ranges] // workers read it while SIGHUP changes it
	known         *names.Hosts
	size          int64 // of the lists in memory, in bytes
	loaded        bool  // load was called; a descriptor cannot be read again
}

// newNameLists reads the lists, and measures their size in memory.
func newNameLists(o *options.Options) (*nameLists, error) {
	k := &nameLists{hosts: o.Names, ranges: o.Ranges}
	if k.hosts == "" && k.ranges == "" {
		return k, nil
	}
	before := heapInUse()
	err := k.load()
	k.size = max(0, heapInUse()-before)
	return k, err
}

// heapInUse is the size of all live objects, in bytes.
func heapInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// makeStore makes the store, bounded by its share of the memory.
func (k *nameLists) makeStore(s *memory.Shares) {
	k.store = names.NewStore(names.Options{Memory: int(s.Names)})
	if k.known != nil {
		k.store.Use(k.known)
	}
}

// load reads the files. After an error the earlier lists stay. It may be called while
// workers use the lists, by one goroutine at a time.
func (k *nameLists) load() error {
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

func (k *nameLists) loadHosts() error {
	if k.hosts == "" {
		return nil
	}
	f, err := regular.Open(k.hosts)
	if err != nil {
		return fmt.Errorf("--names %s: %w", k.hosts, err)
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

func (k *nameLists) loadRanges() error {
	if k.ranges == "" {
		return nil
	}
	b, err := regular.Read(k.ranges, maxRanges)
	if err != nil {
		return fmt.Errorf("--aws-ip-ranges %s: %w", k.ranges, err)
	}
	table, err := names.ParseRanges(b)
	if err != nil {
		return fmt.Errorf("--aws-ip-ranges %s: %w", k.ranges, err)
	}
	k.rangeTable.Store(table)
	return nil
}

// lookup returns a function that returns the current ranges, or nil without
// --aws-ip-ranges.
func (k *nameLists) lookup() func() *names.Ranges {
	if k.ranges == "" {
		return nil
	}
	return k.rangeTable.Load
}
