package foreign

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"tlsfloor/classify/testing/findings"
	"tlsfloor/classify/testing/jsonline"
)

// ecsSchema is generated/ecs/ecs_flat.yml: every field by its dotted name.
type ecsSchema map[string]ecsField

type ecsField struct {
	Type      string   `yaml:"type"`
	Normalize []string `yaml:"normalize"`
	Pattern   string   `yaml:"pattern"`
	Required  bool     `yaml:"required"`
	Allowed   []struct {
		Name       string   `yaml:"name"`
		EventTypes []string `yaml:"expected_event_types"`
	} `yaml:"allowed_values"`
	Expected []string `yaml:"expected_values"`
}

var ecsFlat = sync.OnceValues(func() (ecsSchema, error) {
	text, err := os.ReadFile(published + "/ecs_flat-9.4.0.yml")
	if err != nil {
		return nil, err
	}
	var schema ecsSchema
	return schema, yaml.Unmarshal(text, &schema)
})

func loadECS(t testing.TB) ecsSchema {
	t.Helper()
	definition(t, "ecs_flat-9.4.0.yml")
	schema, err := ecsFlat()
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func (s ecsSchema) complaints(event map[string]any) []string {
	var all []string
	seen := map[string]bool{}
	s.walk("", event, func(path string, value any) {
		seen[path] = true
		if problem := s.leaf(path, value); problem != "" {
			all = append(all, path+": "+problem)
		}
	})
	for path, field := range s {
		if field.Required && !seen[path] {
			all = append(all, path+": required, and absent")
		}
	}
	return append(all, s.eventTypes(event)...)
}

// walk visits the leaves by their dotted names. An empty object is a leaf, which is an
// error.
func (s ecsSchema) walk(path string, value any, visit func(string, any)) {
	object, ok := value.(map[string]any)
	if !ok || len(object) == 0 {
		visit(path, value)
		return
	}
	for key, inner := range object {
		s.walk(strings.TrimPrefix(path+"."+key, "."), inner, visit)
	}
}

func (s ecsSchema) leaf(path string, value any) string {
	field, known := s[path]
	list, isList := value.([]any)
	switch {
	case strings.HasPrefix(path, "tlsfloor."):
		return ownLeaf(value)
	case !known:
		return "no such field"
	case isList != slices.Contains(field.Normalize, "array"):
		return fmt.Sprintf("array is %v", isList)
	case !isList:
		list = []any{value}
	case len(list) == 0:
		return "an empty array"
	}
	for _, one := range list {
		if problem := field.scalar(one); problem != "" {
			return problem
		}
	}
	return ""
}

// ownLeaf checks a member of ours: it is not in the schema, but must not be empty. The
// index template in packaging/siem has its type.
func ownLeaf(value any) string {
	switch v := value.(type) {
	case nil, map[string]any:
		return "nothing in it"
	case string:
		if v == "" {
			return "an empty string"
		}
	}
	return ""
}

func (f ecsField) scalar(value any) string {
	if problem := f.typed(value); problem != "" {
		return problem
	}
	text, _ := value.(string)
	var allowed []string
	for _, a := range f.Allowed {
		allowed = append(allowed, a.Name)
	}
	switch {
	case len(allowed) > 0 && !slices.Contains(allowed, text):
		return fmt.Sprintf("%q is not among %q", text, allowed)
	case len(f.Expected) > 0 && !slices.Contains(f.Expected, text):
		return fmt.Sprintf("%q is not among %q", text, f.Expected)
	case f.Pattern != "" && !regexp.MustCompile(f.Pattern).MatchString(text):
		return fmt.Sprintf("%q does not match %s", text, f.Pattern)
	}
	return ""
}

func (f ecsField) typed(value any) string {
	ok := false
	text, isText := value.(string)
	number, isNumber := value.(json.Number)
	switch f.Type {
	case "keyword", "constant_keyword", "wildcard", "match_only_text":
		ok = isText && text != ""
	case "long", "integer":
		_, err := number.Int64()
		ok = isNumber && err == nil
	case "boolean":
		_, ok = value.(bool)
	case "date":
		_, err := time.Parse(time.RFC3339, text)
		ok = isText && err == nil
	case "ip":
		_, err := netip.ParseAddr(text)
		ok = isText && err == nil
	}
	if !ok {
		return fmt.Sprintf("%v (%T) is no %s", value, value, f.Type)
	}
	return ""
}

// eventTypes: each event.type must be expected of one of the categories.
func (s ecsSchema) eventTypes(event map[string]any) []string {
	var all []string
	categories, _ := jsonline.At(event, "event", "category").([]any)
	types, _ := jsonline.At(event, "event", "type").([]any)
	for _, kind := range types {
		if !s.expects(categories, fmt.Sprint(kind)) {
			all = append(all, fmt.Sprintf("event.type %v is not expected of %v", kind, categories))
		}
	}
	return all
}

func (s ecsSchema) expects(categories []any, kind string) bool {
	for _, a := range s["event.category"].Allowed {
		if slices.Contains(categories, any(a.Name)) && slices.Contains(a.EventTypes, kind) {
			return true
		}
	}
	return false
}

// The check must be able to fail.
func TestECSRefuses(t *testing.T) {
	schema := loadECS(t)
	good := string(parseFormat(t, "ecs", sensor).AppendFinding(nil, findings.Violation()))
	for name, change := range map[string][2]string{
		"an unknown field":           {`"source":{`, `"source":{"colour":"red",`},
		"no ecs.version":             {`"ecs":{"version":"9.4.0"}`, `"labels":"x"`},
		"a category alone":           {`["network"]`, `"network"`},
		"an array of addresses":      {`"ip":"10.0.0.5","port"`, `"ip":["10.0.0.5"],"port"`},
		"a category of no list":      {`["network"]`, `["networks"]`},
		"an outcome of no list":      {`"outcome":"failure"`, `"outcome":"refused"`},
		"a direction of no list":     {`"direction":"outbound"`, `"direction":"up"`},
		"a type of another category": {`"type":["connection"`, `"type":["change"`},
		"a VLAN as a number":         {`"id":"12"`, `"id":12`},
		"a port as a string":         {`"port":443`, `"port":"443"`},
		"a name for an address":      {`"ip":"52.94.1.2"`, `"ip":"a.example"`},
		"a yes":                      {`"established":false`, `"established":"no"`},
		"an empty string":            {`"cipher":"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"`, `"cipher":""`},
		"a null":                     {`"verdict":"violation"`, `"verdict":null`},
		"no time":                    {`2026-03-01T`, ``},
		"a pid as a string":          {`"pid":1234`, `"pid":"1234"`},
		"arguments in one text":      {`"args":["node","app.js","\u001b]0;\"\u00ff"]`, `"args":"node app.js"`},
		"a user as a name":           {`"user":{"name":"svc"}`, `"user":"svc"`},
		"users in one text":          {`"user":["svc","alice"]`, `"user":"svc"`},
		"a parent in a list":         {`"parent":{"pid":1200`, `"parent":{"pids":1200`},
		"a start as a number":        {`"start":"2026-03-01T11:59:59.250000Z"`, `"start":1772366399`},
		"an empty executable":        {`"executable":"/usr/bin/node"`, `"executable":""`},
		"software of no version":     {`"version":"10.24.1"`, `"version":""`},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if bad == good {
			t.Fatalf("%s: nothing changed in %s", name, good)
		}
		if len(schema.complaints(jsonline.Decode(t, []byte(bad)))) == 0 {
			t.Errorf("%s passes", name)
		}
	}
}
