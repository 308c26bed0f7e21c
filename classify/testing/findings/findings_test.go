package findings

import (
	"math/rand"
	"reflect"
	"testing"
)

// The generator gives each field of a finding a value now and then.
func TestSomeHasEveryField(t *testing.T) {
	seen := map[string]bool{}
	for seed := range int64(500) {
		note(seen, "Finding", reflect.ValueOf(Some(rand.New(rand.NewSource(seed)))))
	}
	for name, is := range seen {
		if left := map[string]bool{"Finding.Sensor": true, "Finding.Observation.Misnamed": true, "Finding.Observation.Return.Source": true, "Finding.Observation.Outside": true, "Finding.Observation.Sender": true}; is == left[name] {
			t.Errorf("%s: has a value: %v", name, is)
		}
	}
}

// note notes of each field whether it had a value.
func note(seen map[string]bool, name string, v reflect.Value) {
	if seen[name] = seen[name] || !v.IsZero(); v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if v.Kind() == reflect.Slice && v.Len() > 0 {
		v = v.Index(v.Len() - 1)
	}
	if v.Kind() != reflect.Struct || v.Type().PkgPath() == "net/netip" {
		return
	}
	for i := range v.NumField() {
		note(seen, name+"."+v.Type().Field(i).Name, v.Field(i))
	}
}
