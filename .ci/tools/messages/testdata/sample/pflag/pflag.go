// Package pflag stands for the library of this name.
package pflag

// FlagSet is a set of options.
type FlagSet struct{ last *string }

// StringVar adds an option.
func (f *FlagSet) StringVar(to *string, name, value, usage string) { f.last = to }
