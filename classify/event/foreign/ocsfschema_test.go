package foreign

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"tlsfloor/classify/testing/findings"
	"tlsfloor/classify/testing/jsonline"
)

// ocsfSchema is the folder of ocsf-schema, with "extends" and "$include"
// resolved.
type ocsfSchema struct {
	version    string
	dictionary map[string]ocsfAttribute
	types      map[string]ocsfType
	objects    map[string]*ocsfEntity
	classes    map[string]*ocsfEntity
	categories map[string]struct {
		UID     int
		Caption string
	}
	observables map[string]string // the captions of the kinds of observables, by number
}

// ocsfEntity is a class of events or an object.
type ocsfEntity struct {
	Name, Caption, Category, Extends string
	UID                              int
	Observable                       int
	Attributes                       map[string]json.RawMessage
	Constraints                      map[string][]string

	resolved map[string]ocsfAttribute
	number   int // of a class
}

// ocsfAttribute is the definition of an attribute, partly in entities and partly in the
// dictionary. Profile is null when an entity has an attribute of a profile as its own.
type ocsfAttribute struct {
	Caption     string
	Type        string
	IsArray     bool `json:"is_array"`
	Requirement string
	Sibling     string
	Observable  int
	Profile     *string
	Deprecated  any `json:"@deprecated"`
	Enum        map[string]ocsfValue
}

// ocsfValue is a number of an enum.
type ocsfValue struct{ Caption, Description string }

type ocsfType struct {
	Caption    string
	Type       string
	Regex      string
	MaxLen     int `json:"max_len"`
	Range      []int64
	Values     []any
	Observable int

	pattern *regexp.Regexp
}

var ocsfResolved = sync.OnceValues(func() (*ocsfSchema, error) { return readOCSF(published + "/ocsf") })

func loadOCSF(t testing.TB) *ocsfSchema {
	t.Helper()
	definition(t, "ocsf", "version.json")
	schema, err := ocsfResolved()
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func readOCSF(root string) (*ocsfSchema, error) {
	s := &ocsfSchema{objects: map[string]*ocsfEntity{}, classes: map[string]*ocsfEntity{}}
	err := errors.Join(
		s.readDictionary(root), s.readCategories(root),
		readEntities(filepath.Join(root, "objects"), s.objects), readEntities(filepath.Join(root, "events"), s.classes))
	if err != nil {
		return nil, err
	}
	for _, all := range []map[string]*ocsfEntity{s.objects, s.classes} {
		for _, e := range all {
			if err := e.resolve(root, s, all); err != nil {
				return nil, err
			}
		}
	}
	s.classify()
	s.collectObservables()
	return s, nil
}

// classify sets the numbers that depend on the category: the number of a class is a
// thousand times that of the category plus its own, and the type of an event a hundred
// times that plus the activity.
func (s *ocsfSchema) classify() {
	for _, class := range s.classes {
		category := s.categories[class.Category]
		number := category.UID*1000 + class.UID
		class.number = number
		class.enumerate("category_uid", map[int]string{category.UID: category.Caption})
		class.enumerate("class_uid", map[int]string{number: class.Caption})
		types := map[int]string{}
		for id, activity := range class.resolved["activity_id"].Enum {
			n, _ := strconv.Atoi(id)
			types[number*100+n] = class.Caption + ": " + activity.Caption
		}
		class.enumerate("type_uid", types)
	}
}

func (e *ocsfEntity) enumerate(name string, values map[int]string) {
	a := e.resolved[name]
	a.Enum = map[string]ocsfValue{}
	for number, caption := range values {
		a.Enum[strconv.Itoa(number)] = ocsfValue{Caption: caption}
	}
	e.resolved[name] = a
}

func readFileJSON(file string, into any) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

func (s *ocsfSchema) readDictionary(root string) error {
	var file struct {
		Attributes map[string]ocsfAttribute
		Types      struct{ Attributes map[string]ocsfType }
	}
	err := readFileJSON(filepath.Join(root, "dictionary.json"), &file)
	s.dictionary, s.types = file.Attributes, file.Types.Attributes
	for name, kind := range s.types {
		if kind.Regex == "" {
			continue
		}
		var bad error
		if kind.pattern, bad = regexp.Compile(kind.Regex); bad != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", name, bad))
		}
		s.types[name] = kind
	}
	return err
}

func (s *ocsfSchema) readCategories(root string) error {
	var file struct {
		Attributes map[string]struct {
			UID     int
			Caption string
		}
	}
	var version struct{ Version string }
	err := errors.Join(
		readFileJSON(filepath.Join(root, "categories.json"), &file),
		readFileJSON(filepath.Join(root, "version.json"), &version))
	s.categories, s.version = file.Attributes, version.Version
	return err
}

func readEntities(root string, into map[string]*ocsfEntity) error {
	return filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		e := new(ocsfEntity)
		if err := readFileJSON(file, e); err != nil {
			return err
		}
		into[e.Name] = e
		return nil
	})
}

// resolve adds the attributes that e inherits, includes and defines, with their
// definitions in the dictionary.
func (e *ocsfEntity) resolve(root string, s *ocsfSchema, all map[string]*ocsfEntity) error {
	if e.resolved != nil {
		return nil
	}
	e.resolved = map[string]ocsfAttribute{}
	if err := e.inherit(root, s, all); err != nil {
		return err
	}
	if err := e.include(root, s); err != nil {
		return err
	}
	for name, said := range e.Attributes {
		if name == "$include" {
			continue
		}
		if err := e.add(s, name, said, nil); err != nil {
			return err
		}
	}
	return nil
}

func (e *ocsfEntity) inherit(root string, s *ocsfSchema, all map[string]*ocsfEntity) error {
	if e.Extends == "" {
		return nil
	}
	parent, ok := all[e.Extends]
	if !ok || parent == e {
		return fmt.Errorf("%s extends %s, which is not there", e.Name, e.Extends)
	}
	if err := parent.resolve(root, s, all); err != nil {
		return err
	}
	for name, a := range parent.resolved {
		a.Enum = maps.Clone(a.Enum)
		e.resolved[name] = a
	}
	if e.Constraints == nil {
		e.Constraints = parent.Constraints
	}
	if e.Category == "" {
		e.Category = parent.Category
	}
	return nil
}

func (e *ocsfEntity) include(root string, s *ocsfSchema) error {
	said, ok := e.Attributes["$include"]
	if !ok {
		return nil
	}
	var files []string
	if err := json.Unmarshal(said, &files); err != nil {
		return fmt.Errorf("%s: %w", e.Name, err)
	}
	for _, file := range files {
		var profile struct {
			Name       string
			Attributes map[string]json.RawMessage
		}
		if err := readFileJSON(filepath.Join(root, file), &profile); err != nil {
			return err
		}
		for name, said := range profile.Attributes {
			if err := e.add(s, name, said, &profile.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// add adds to the definition of an attribute. Members that said does not have are
// unchanged. The numbers of enums are combined.
func (e *ocsfEntity) add(s *ocsfSchema, name string, said json.RawMessage, profile *string) error {
	a, known := e.resolved[name]
	if !known {
		a = s.dictionary[name]
		a.Enum = maps.Clone(a.Enum)
		a.Profile = profile
	}
	if err := json.Unmarshal(said, &a); err != nil {
		return fmt.Errorf("%s.%s: %w", e.Name, name, err)
	}
	e.resolved[name] = a
	return nil
}

func (s *ocsfSchema) collectObservables() {
	s.observables = map[string]string{}
	note := func(number int, caption string) {
		if number != 0 {
			s.observables[strconv.Itoa(number)] = caption
		}
	}
	for _, kind := range s.types {
		note(kind.Observable, kind.Caption)
	}
	for _, a := range s.dictionary {
		note(a.Observable, a.Caption)
	}
	for _, o := range s.objects {
		note(o.Observable, o.Caption)
	}
}

func (s *ocsfSchema) complaints(event map[string]any) []string {
	class := s.classOf(event)
	if class == nil {
		return []string{fmt.Sprintf("there is no class %v", event["class_uid"])}
	}
	c := &ocsfCheck{schema: s, profiles: profilesOf(event)}
	c.entity("", class, event)
	if jsonline.At(event, "metadata", "version") != s.version {
		c.complain("metadata.version", "not %s", s.version)
	}
	c.references(class, event)
	return c.all
}

func (s *ocsfSchema) classOf(event map[string]any) *ocsfEntity {
	for _, class := range s.classes {
		if class.UID != 0 && fmt.Sprint(event["class_uid"]) == strconv.Itoa(class.number) {
			return class
		}
	}
	return nil
}

func profilesOf(event map[string]any) []string {
	var names []string
	list, _ := jsonline.At(event, "metadata", "profiles").([]any)
	for _, name := range list {
		names = append(names, fmt.Sprint(name))
	}
	return names
}

// ocsfCheck is the check of one event.
type ocsfCheck struct {
	schema   *ocsfSchema
	profiles []string
	all      []string
}

func (c *ocsfCheck) complain(path, format string, args ...any) {
	c.all = append(c.all, strings.TrimPrefix(path, ".")+": "+fmt.Sprintf(format, args...))
}

func (c *ocsfCheck) entity(path string, e *ocsfEntity, object map[string]any) {
	for name, value := range object {
		a, known := e.resolved[name]
		switch {
		case !known:
			c.complain(path+"."+name, "%s has no such attribute", e.Name)
		case a.Profile != nil && !slices.Contains(c.profiles, *a.Profile):
			c.complain(path+"."+name, "belongs to the profile %s, which the event does not name", *a.Profile)
		case a.Deprecated != nil:
			c.complain(path+"."+name, "deprecated")
		default:
			c.attribute(path+"."+name, a, value)
			c.sibling(path+"."+name, a, value, object)
		}
	}
	for name, a := range e.resolved {
		if _, there := object[name]; !there && a.Requirement == "required" && a.Profile == nil {
			c.complain(path+"."+name, "required, and absent")
		}
	}
	c.constraints(path, e, object)
}

func (c *ocsfCheck) constraints(path string, e *ocsfEntity, object map[string]any) {
	for kind, names := range e.Constraints {
		n := 0
		for _, name := range names {
			if _, there := object[name]; there {
				n++
			}
		}
		if kind == "at_least_one" && n == 0 || kind == "just_one" && n != 1 {
			c.complain(path, "%s of %v, not %d", kind, names, n)
		}
	}
}

func (c *ocsfCheck) attribute(path string, a ocsfAttribute, value any) {
	list, isList := value.([]any)
	if isList != a.IsArray {
		c.complain(path, "array is %v", isList)
		return
	}
	if !isList {
		list = []any{value}
	}
	if len(list) == 0 {
		c.complain(path, "an empty array")
	}
	for _, one := range list {
		c.value(path, a, one)
	}
}

func (c *ocsfCheck) value(path string, a ocsfAttribute, value any) {
	if object, ok := c.schema.objects[a.Type]; ok {
		members, isObject := value.(map[string]any)
		if !isObject {
			c.complain(path, "%v is no object", value)
		} else if a.Type != "object" { // that one is of any shape
			c.entity(path, object, members)
		}
		return
	}
	c.scalar(path, a.Type, value)
	_, listed := a.Enum[fmt.Sprint(value)]
	if _, ok := c.observable(a, value); len(a.Enum) > 0 && !listed && !ok {
		c.complain(path, "%v is not in the enum", value)
	}
}

// observable returns the caption of a kind of observable. The kinds are in the types and
// objects; the attribute lists only the values that are none.
func (c *ocsfCheck) observable(a ocsfAttribute, value any) (string, bool) {
	if !strings.Contains(a.Enum["0"].Description, "observable") {
		return "", false
	}
	caption, ok := c.schema.observables[fmt.Sprint(value)]
	return caption, ok
}

func (c *ocsfCheck) scalar(path, name string, value any) {
	kind := c.schema.types[name]
	if kind.Type != "" {
		c.scalar(path, kind.Type, value)
	}
	text, isText := value.(string)
	number, isNumber := value.(json.Number)
	n, err := number.Int64()
	ok := true
	switch name {
	case "string_t":
		ok = isText && text != ""
	case "integer_t", "long_t":
		ok = isNumber && err == nil
	case "boolean_t":
		_, ok = value.(bool)
	case "json_t":
	default:
		ok = kind.Type != ""
	}
	if !ok || kind.pattern != nil && !kind.pattern.MatchString(text) || kind.MaxLen > 0 && len(text) > kind.MaxLen ||
		len(kind.Range) == 2 && (n < kind.Range[0] || n > kind.Range[1]) {
		c.complain(path, "%v (%T) is no %s", value, value, name)
	}
}

// sibling checks that the text of a number is the number's caption.
func (c *ocsfCheck) sibling(path string, a ocsfAttribute, value any, object map[string]any) {
	text, there := object[a.Sibling]
	if a.Sibling == "" || !there || fmt.Sprint(value) == "99" {
		return
	}
	caption := a.Enum[fmt.Sprint(value)].Caption
	if kind, ok := c.observable(a, value); ok {
		caption = kind
	}
	if text != caption {
		c.complain(path, "%v is %q, not %q", value, caption, text)
	}
}

// references checks that an observable has the value and the kind of the attribute that
// it names.
func (c *ocsfCheck) references(class *ocsfEntity, event map[string]any) {
	list, _ := event["observables"].([]any)
	for _, one := range list {
		path := strings.Split(fmt.Sprint(jsonline.At(one, "name")), ".")
		if !slices.Contains(valuesAt(event, path), jsonline.At(one, "value")) {
			c.complain("observables", "%v is not at %v", jsonline.At(one, "value"), path)
		}
		if kind := c.schema.types[c.typeAt(class, path)].Observable; strconv.Itoa(kind) != fmt.Sprint(jsonline.At(one, "type_id")) {
			c.complain("observables", "%v is of kind %d, not %v", path, kind, jsonline.At(one, "type_id"))
		}
	}
}

func (c *ocsfCheck) typeAt(e *ocsfEntity, path []string) string {
	for _, name := range path[:len(path)-1] {
		if e = c.schema.objects[e.resolved[name].Type]; e == nil {
			return ""
		}
	}
	return e.resolved[path[len(path)-1]].Type
}

// valuesAt are the values at a path, through arrays.
func valuesAt(value any, path []string) []any {
	if list, ok := value.([]any); ok {
		var all []any
		for _, one := range list {
			all = append(all, valuesAt(one, path)...)
		}
		return all
	}
	if len(path) == 0 {
		return []any{value}
	}
	return valuesAt(jsonline.At(value, path[0]), path[1:])
}

// The check must be able to fail.
func TestOCSFRefuses(t *testing.T) {
	schema := loadOCSF(t)
	flow := findings.Violation()
	flow.Flagged = false
	events := map[string]string{
		"finding":  string(parseFormat(t, "ocsf", sensor).AppendFinding(nil, findings.Violation())),
		"activity": string(parseFormat(t, "ocsf", sensor).AppendFinding(nil, flow)),
	}
	for _, tt := range []struct{ name, event, old, new string }{
		{"an unknown attribute", "finding", `"metadata":{`, `"colour":"red","metadata":{`},
		{"an unknown attribute within", "activity", `"tls":{`, `"tls":{"colour":"red",`},
		{"an attribute of a profile", "activity", `"severity_id"`, `"disposition_id":1,"severity_id"`},
		{"a deprecated attribute", "activity", `"tls":{`, `"tls":{"extension_list":[{"type_id":0}],`},
		{"no severity_id", "finding", `"severity_id":3,`, ``},
		{"no time", "activity", `"time":1772366400123,`, ``},
		{"no product", "activity", `"product":`, `"tenant_uid":"x","unmapped":`},
		{"a finding without uid", "finding", `"finding_info":{"uid"`, `"finding_info":{"src_url"`},
		{"TLS without version", "activity", `"tls":{"version":"TLSv1",`, `"tls":{`},
		{"a connection without direction", "activity", `"direction_id":2,`, ``},
		{"an activity of no enum", "activity", `"activity_id":5`, `"activity_id":8`},
		{"an activity under another name", "activity", `"activity_name":"Refuse"`, `"activity_name":"Open"`},
		{"a type of another activity", "activity", `"type_uid":400105`, `"type_uid":400101`},
		{"the name of another type", "finding", `"type_name":"Detection Finding: Create"`, `"type_name":"Detection Finding"`},
		{"another category", "finding", `"category_uid":2`, `"category_uid":4`},
		{"a class that there is not", "finding", `"class_uid":2004`, `"class_uid":2099`},
		{"a severity under another name", "finding", `"severity":"Medium"`, `"severity":"High"`},
		{"a number as a string", "activity", `"time":1772366400123`, `"time":"1772366400123"`},
		{"a fraction", "activity", `"time":1772366400123`, `"time":1772366400.5`},
		{"a port out of range", "activity", `"port":443`, `"port":65536`},
		{"no address", "activity", `"ip":"52.94.1.2"`, `"ip":"52.94.1"`},
		{"an array for one", "activity", `"src_endpoint":{`, `"src_endpoint":[{}],"dst_endpoint":{`},
		{"one for an array", "finding", `"evidences":[`, `"evidences":{},"tags":[`},
		{"a string for an object", "activity", `"ja3_hash":{`, `"ja3_hash":"x","ja3s_hash":{`},
		{"an endpoint of a port alone", "activity", `"ip":"10.0.0.5","port"`, `"port"`},
		{"another version", "activity", `"version":"1.8.0"`, `"version":"1.7.0"`},
		{"an actor without the profile host", "activity", `"profiles":["host","container"]`, `"profiles":["container"]`},
		{"a container without its profile", "finding", `"profiles":["container"],`, ``},
		{"a parent in parents", "activity", `"ancestry":[`, `"parents":[`},
		{"a process without a number", "activity", `"process":{"pid":1234,`, `"process":{`},
		{"a user as a name", "finding", `"user":{"name":"svc"}`, `"user":"svc"`},
		{"an actor of nothing", "activity", `"actor":{`, `"actor":{},"device":{`},
		{"a remediation of nothing", "finding", `"remediation":{"desc":`, `"remediation":{"references":`},
		{"a process name of another kind", "finding", `"type_id":9,"type":"Process Name"`, `"type_id":4,"type":"User Name"`},
		{"an observable of nothing", "activity", `"name":"src_endpoint.ip"`, `"name":"src_endpoint.hostname"`},
		{"an observable of another kind", "activity", `"type_id":2,"type":"IP Address"`, `"type_id":1,"type":"Hostname"`},
	} {
		good := events[tt.event]
		bad := strings.Replace(good, tt.old, tt.new, 1)
		if bad == good {
			t.Fatalf("%s: nothing changed in %s", tt.name, good)
		}
		if len(schema.complaints(jsonline.Decode(t, []byte(bad)))) == 0 {
			t.Errorf("%s passes", tt.name)
		}
	}
}
