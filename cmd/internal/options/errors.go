package options

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"tlsfloor/classify/nearest"
)

// kinds are the values that options take, by the types of pflag.
var kinds = map[string]string{
	"bool": "true or false", "int": "a whole number", "uint64": "a whole number, 0 or more",
	"count":    "a whole number",
	"duration": "a time such as 30s or 5m", "uintSlice": "numbers, with commas between several",
	"stringSlice": "words, with commas between several", "top": "a whole number, or all",
}

// parseError returns an error of pflag in words for the user: pflag's may be those of the
// functions that it calls.
func (o *Options) parseError(err error) error {
	var value *pflag.InvalidValueError
	var missing *pflag.ValueRequiredError
	var unknown *pflag.NotExistError
	var form *pflag.InvalidSyntaxError
	const hint = " (--help lists the options)"
	switch {
	case errors.As(err, &value):
		return o.valueError(value.GetFlag(), value.GetValue())
	case errors.As(err, &missing):
		return fmt.Errorf("%s: needs a value", o.Typed(missing.GetFlag().Name))
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		return fmt.Errorf("unknown option: -%s"+hint, unknown.GetSpecifiedName())
	case errors.As(err, &form):
		return fmt.Errorf("%s: not the form of an option"+hint, form.GetSpecifiedFlag())
	case errors.As(err, &unknown):
		if near := o.similar(unknown.GetSpecifiedName()); near != "" {
			return fmt.Errorf("unknown option: --%s; did you mean --%s?", unknown.GetSpecifiedName(), near)
		}
		return fmt.Errorf("unknown option: --%s"+hint, unknown.GetSpecifiedName())
	}
	return err
}

// similar returns the name of the option that was most likely meant, or "".
func (o *Options) similar(typed string) string {
	var names []string
	o.parsed.VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return nearest.Of(typed, names)
}

func (o *Options) valueError(f *pflag.Flag, value string) error {
	if err := o.refusal(f); err != nil {
		return err
	}
	kind, known := kinds[f.Value.Type()]
	switch {
	case !known:
		return fmt.Errorf("%s %s: not a value of this option", o.Typed(f.Name), value)
	case f.Value.Type() != "duration" && f.Value.Type() != "bool" && value != "" && strings.Trim(value, "0123456789") == "":
		return fmt.Errorf("%s %s: too large", o.Typed(f.Name), value)
	}
	return fmt.Errorf("%s %s: must be %s", o.Typed(f.Name), value, kind)
}

// Typed returns an option as the user typed it last: -s or --snapshot-length.
func (o *Options) Typed(name string) string {
	last := "--" + name
	if o.parsed == nil {
		return last
	}
	for i := 0; i < len(o.args) && o.args[i] != "--"; i++ {
		named, takesNext := o.namesIn(o.args[i])
		for _, n := range named {
			if n.flag.Name == name {
				last = n.typed
			}
		}
		if takesNext {
			i++
		}
	}
	return last
}

// typedFlag is an option in an argument.
type typedFlag struct {
	flag  *pflag.Flag
	typed string
}

// namesIn returns the options in an argument, which may be several of one letter. It
// reports whether the next argument is the value of the last one.
func (o *Options) namesIn(arg string) (named []typedFlag, takesNext bool) {
	if long, ok := strings.CutPrefix(arg, "--"); ok {
		name, _, hasValue := strings.Cut(long, "=")
		f := o.parsed.Lookup(name)
		if f == nil {
			return nil, false
		}
		return []typedFlag{{f, "--" + name}}, !hasValue && f.NoOptDefVal == ""
	}
	if !strings.HasPrefix(arg, "-") {
		return nil, false
	}
	for i := 1; i < len(arg); i++ {
		f := o.parsed.ShorthandLookup(arg[i : i+1])
		if f == nil {
			return named, false
		}
		named = append(named, typedFlag{f, "-" + f.Shorthand})
		if f.NoOptDefVal == "" {
			return named, i == len(arg)-1
		}
	}
	return named, false
}
