package main

import (
	"fmt"
	"os"
	"sync/atomic"

	"tlsfloor/classify/names"
)

// knowledge is what of names comes from files. SIGHUP reads them again.
type knowledge struct {
	hosts, ranges string                       // names of files; empty: none
	stores        []*names.Store               // a worker each: all learn the same
	table         atomic.Pointer[names.Ranges] // workers read it while SIGHUP changes it
}

func newKnowledge(o *options) (*knowledge, error) {
	k := &knowledge{hosts: o.names, ranges: o.ranges}
	for range o.workers {
		k.stores = append(k.stores, names.NewStore(names.Options{Shares: o.workers}))
	}
	return k, k.load()
}

// load reads the files. On an error what was known before stands.
func (k *knowledge) load() error {
	if err := k.loadHosts(); err != nil {
		return err
	}
	return k.loadRanges()
}

func (k *knowledge) loadHosts() error {
	if k.hosts == "" {
		return nil
	}
	f, err := os.Open(k.hosts)
	if err != nil {
		return fmt.Errorf("--names: %w", err)
	}
	defer f.Close()
	hosts, err := names.LoadHosts(f)
	if err != nil {
		return fmt.Errorf("--names %s: %w", k.hosts, err)
	}
	for _, s := range k.stores {
		s.Use(hosts)
	}
	return nil
}

func (k *knowledge) loadRanges() error {
	if k.ranges == "" {
		return nil
	}
	b, err := os.ReadFile(k.ranges)
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
