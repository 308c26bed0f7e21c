package event

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"tlsfloor/classify/testing/findings"
)

var eventSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	return compiler.Compile(filepath.Join("..", "..", "docs", "event.schema.json"))
})

// validate checks an event against the published schema.
func validate(t *testing.T, line []byte) {
	t.Helper()
	schema, err := eventSchema()
	if err != nil {
		t.Fatal(err)
	}
	event, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
	if err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	if err := schema.Validate(event); err != nil {
		t.Errorf("%v\n%s", err, line)
	}
}

// The schema must be able to reject an event.
func TestSchemaRefuses(t *testing.T) {
	schema, err := eventSchema()
	if err != nil {
		t.Fatal(err)
	}
	good := string(appendNative(nil, findings.Violation(), sensor))
	for name, change := range map[string][2]string{
		"an unknown member":    {`"kind":`, `"color":"red","kind":`},
		"an unknown verdict":   {`"violation"`, `"bad"`},
		"an empty string":      {`"sni":"DynamoDB.us-west-2.amazonaws.com"`, `"sni":""`},
		"a null":               {`"cipher_id":49171`, `"cipher_id":null`},
		"a false mark":         {`"ech":true`, `"ech":false`},
		"a version by number":  {`"tlsVersion":"TLSv1"`, `"tlsVersion":"769"`},
		"a port without an IP": {`"src_ip":"10.0.0.5",`, ``},
		"no address":           {`"dst_ip":"52.94.1.2"`, `"dst_ip":"52.94.1"`},
		"another schema":       {`"tlsfloor/1"`, `"tlsfloor/2"`},
		"a time of day only":   {`2026-03-01T`, ``},
		"no pid":               {`"pid":1234,`, ``},
		"pid 0":                {`"pid":1234`, `"pid":0`},
		"an empty list":        {`"libraries":["/usr/lib/libssl.so.1.1"]`, `"libraries":[]`},
		"another confidence":   {`"confidence":"high"`, `"confidence":"certain"`},
		"software without id":  {`"software":{"id":"nodejs",`, `"software":{`},
		"an id with a space":   {`"advice":{"id":"nodejs"`, `"advice":{"id":"node js"`},
		"advice of nothing":    {`"summary":"Update Node.js to a release that is maintained."`, `"summary":""`},
		"environment":          {`"user":"svc"`, `"user":"svc","environment":["A=b"]`},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		var event any
		if err := json.Unmarshal([]byte(bad), &event); err != nil || bad == good {
			t.Fatalf("%s: %v", name, err)
		}
		if schema.Validate(event) == nil {
			t.Errorf("%s passes", name)
		}
	}
}
