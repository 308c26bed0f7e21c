package main

import (
	"slices"
	"testing"
)

func TestOrder(t *testing.T) {
	for _, test := range []struct {
		name    string
		a       arrows
		up, all int
	}{
		{"a line", arrows{"c": {"a": true}, "a": {"b": true}}, 0, 2},
		{"a circle of three", arrows{"a": {"b": true}, "b": {"c": true}, "c": {"a": true}}, 1, 3},
		{"two that refer to each other", arrows{"a": {"b": true}, "b": {"a": true}}, 1, 2},
		{"a fan", arrows{"a": {"b": true, "c": true, "d": true}, "b": {"d": true}, "c": {"d": true}}, 0, 5},
	} {
		files, up, all := test.a.order()
		if up != test.up || all != test.all {
			t.Errorf("%s: %d of %d run up in %v, want %d of %d", test.name, up, all, files, test.up, test.all)
		}
	}
}

func TestQuantile(t *testing.T) {
	n := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	if got := []int{quantile(n, 0.5), quantile(n, 0.9), quantile(n, 1)}; !slices.Equal(got, []int{6, 10, 10}) {
		t.Errorf("%v", got)
	}
}
