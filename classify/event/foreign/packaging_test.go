package foreign

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"tlsfloor/classify"
	"tlsfloor/classify/event"
	"tlsfloor/classify/testing/findings"
	"tlsfloor/classify/testing/jsonline"
)

// packaging is the folder with configurations of other software that reads the formats.
// .ci/siem/check runs that software, if it is installed.
const packaging = root + "/packaging/siem"

func packaged(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(packaging, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func packagedJSON(t testing.TB, name string) (value map[string]any) {
	t.Helper()
	readJSON(t, filepath.Join(packaging, name), &value)
	return value
}

func packagedYAML(t testing.TB, name string) (value map[string]any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(packaged(t, name)), &value); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return value
}

// conf reads the configuration files of Splunk ("key = value") and Fluent Bit ("key
// value"): sections of lines.
func conf(t testing.TB, name, separator string) map[string]map[string]string {
	t.Helper()
	sections := map[string]map[string]string{}
	var section map[string]string
	for i, line := range strings.Split(packaged(t, name), "\n") {
		line = strings.TrimSpace(line)
		key, value, found := strings.Cut(line, separator)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[' && strings.HasSuffix(line, "]"):
			section = map[string]string{}
			sections[strings.Trim(line, "[]")] = section
		case !found || section == nil:
			t.Fatalf("%s:%d: %s", name, i+1, line)
		default:
			section[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	return sections
}

// Every file is well-formed, and README.md names its check.
func TestPackaging(t *testing.T) {
	readme := packaged(t, "README.md")
	err := filepath.WalkDir(packaging, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == "README.md" {
			return err
		}
		name, err := filepath.Rel(packaging, path)
		if !strings.Contains(readme, "`"+name+"`") {
			t.Errorf("README.md does not name %s", name)
		}
		switch filepath.Ext(name) {
		case ".json":
			packagedJSON(t, name)
		case ".yml", ".yaml":
			packagedYAML(t, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Readers of files find rotated ones, too, and no files of other outputs.
func TestReadersFindRotatedFiles(t *testing.T) {
	ecs := func(value any) (patterns []string) {
		for _, pattern := range value.([]any) {
			patterns = append(patterns, pattern.(string))
		}
		return patterns
	}
	inputs := packagedYAML(t, "filebeat/filebeat.yml")["filebeat.inputs"].([]any)
	for name, patterns := range map[string][]string{
		"Filebeat ecs":      ecs(jsonline.At(inputs[0], "paths")),
		"Vector ecs":        ecs(jsonline.At(packagedYAML(t, "vector/vector.yaml"), "sources", "tlsfloor", "include")),
		"Fluent Bit events": strings.Split(conf(t, "fluent-bit/fluent-bit.conf", " ")["INPUT"]["Path"], ","),
	} {
		base := name[strings.LastIndex(name, " ")+1:]
		for file, want := range map[string]bool{
			base + ".jsonl": true, base + ".20260301T120000.000000Z.jsonl": true, base + "-other.jsonl": false, base + ".jsonl.gz": false, "a.jsonl": false,
		} {
			found := slices.ContainsFunc(patterns, func(pattern string) bool {
				is, err := filepath.Match(pattern, "/var/log/tlsfloor/"+file)
				return is && err == nil
			})
			if found != want {
				t.Errorf("%s: %s is read: %v", name, file, found)
			}
		}
	}
}

// mapped lists the fields of the index template, by their dotted names.
func mapped(t testing.TB) map[string]string {
	t.Helper()
	fields := map[string]string{}
	var walk func(prefix string, object any)
	walk = func(prefix string, object any) {
		properties, nested := jsonline.At(object, "properties").(map[string]any)
		if !nested {
			fields[prefix] = jsonline.At(object, "type").(string)
		}
		for name, inner := range properties {
			walk(strings.TrimPrefix(prefix+"."+name, "."), inner)
		}
	}
	walk("", jsonline.At(packagedJSON(t, "elasticsearch/index-template.json"), "template", "mappings"))
	return fields
}

// The template has every field of every event, with a type for its values, which for
// fields of the schema is the schema's.
func TestIndexTemplate(t *testing.T) {
	schema, fields, used := loadECS(t), mapped(t), map[string]bool{"event.ingested": true}
	var checkIn func(t *testing.T, path string, value any)
	checkIn = func(t *testing.T, path string, value any) {
		schema.walk(path, value, func(path string, value any) {
			used[path] = true
			list, isList := value.([]any)
			if !isList {
				list = []any{value}
			}
			for _, one := range list {
				if object, nested := one.(map[string]any); nested { // names: a list of objects
					checkIn(t, path, object)
				} else {
					checkMapped(t, fields, path, one)
				}
			}
		})
	}
	check := func(t *testing.T, line []byte) { checkIn(t, "", map[string]any(jsonline.Decode(t, line))) }
	eachRecorded(t, func(t *testing.T, f *classify.Finding) { check(t, parseFormat(t, "ecs", sensor).AppendFinding(nil, f)) })
	for _, f := range findings.Variants() {
		check(t, parseFormat(t, "ecs", sensor).AppendFinding(nil, f))
		check(t, parseFormat(t, "ecs", event.Sensor{Live: true}).AppendFinding(nil, f))
	}
	esp := uint32(50)
	check(t, parseFormat(t, "ecs", sensor).AppendStats(nil, &event.Stats{Packets: 1 << 40, Excepted: 1, Held: 1, Own: 1, Blind: []event.Spot{
		{Cause: "unread_protocols", Count: 1 << 40, Top: []event.Item{{Name: "ESP", Number: &esp, Count: 1 << 40}}},
	}}))
	for path, kind := range fields {
		if field, ours := schema[path]; !used[path] || ours && field.Type != kind {
			t.Errorf("%s is %s; used: %v; in the schema: %s", path, kind, used[path], field.Type)
		}
	}
}

func checkMapped(t *testing.T, fields map[string]string, path string, value any) {
	t.Helper()
	if kind, ok := fields[path]; !ok {
		t.Errorf("%s is not in the template", path)
	} else if problem := (ecsField{Type: kind}).typed(value); problem != "" {
		t.Errorf("%s: %s", path, problem)
	}
}

// All ways to Elasticsearch lead to the data stream that is named in events and that the
// template is for.
func TestDataStreamNames(t *testing.T) {
	event := jsonline.Decode(t, parseFormat(t, "ecs", sensor).AppendFinding(nil, findings.Violation()))
	stream := jsonline.At(event, "data_stream").(map[string]any)
	want := fmt.Sprintf("%s-%s-%s", stream["type"], stream["dataset"], stream["namespace"])
	vector := jsonline.At(packagedYAML(t, "vector/vector.yaml"), "sinks", "elasticsearch", "data_stream").(map[string]any)
	template := packagedJSON(t, "elasticsearch/index-template.json")
	for name, got := range map[string]any{
		"the template":  template["index_patterns"].([]any)[0],
		"Filebeat":      jsonline.At(packagedYAML(t, "filebeat/filebeat.yml"), "output.elasticsearch", "index"),
		"Vector":        fmt.Sprintf("%s-%s-%s", vector["type"], vector["dataset"], vector["namespace"]),
		"docs/siem.md":  regexp.MustCompile(`logs-[a-z_.]+-[a-z]+`).FindString(packaged(t, "../../docs/siem.md")),
		"its constants": constants(t, template),
	} {
		if got != want {
			t.Errorf("%s has %v, and events %s", name, got, want)
		}
	}
	if pipeline := jsonline.At(template, "template", "settings", "index", "default_pipeline"); pipeline != "tlsfloor" {
		t.Errorf("the pipeline is %v", pipeline)
	}
}

func constants(t testing.TB, template map[string]any) string {
	t.Helper()
	stream := jsonline.At(template, "template", "mappings", "properties", "data_stream", "properties")
	return fmt.Sprintf("%s-%s-%s", jsonline.At(stream, "type", "value"), jsonline.At(stream, "dataset", "value"), jsonline.At(stream, "namespace", "value"))
}

// directives are the directives of time formats, with what they match.
var directives = strings.NewReplacer(
	"%Y", `\d{4}`, "%m", `\d{2}`, "%d", `\d{2}`, "%H", `\d{2}`, "%M", `\d{2}`, "%S", `\d{2}`,
	"%6N", `\d{6}`, "%f", `\d{1,9}`, "%L", `\d{1,9}`, ".", `\.`,
)

// The first time in an event is the time of the event.
func TestTimeFormats(t *testing.T) {
	splunk := conf(t, "splunk/props.conf", "=")["tlsfloor"]
	files := jsonline.At(packagedJSON(t, "cloudwatch-agent/amazon-cloudwatch-agent.json"), "logs", "logs_collected", "files", "collect_list").([]any)
	fluent := conf(t, "fluent-bit/parsers.conf", " ")["PARSER"]
	for name, pattern := range map[string]string{
		"Splunk":         regexp.QuoteMeta(splunk["TIME_PREFIX"]) + "(" + directives.Replace(splunk["TIME_FORMAT"]) + ")",
		"CloudWatch":     "(" + directives.Replace(jsonline.At(files[0], "timestamp_format").(string)) + ")",
		"Fluent Bit":     `"` + fluent["Time_Key"] + `":"(` + directives.Replace(strings.TrimSuffix(fluent["Time_Format"], "Z")) + `)Z"`,
		"the event's ts": `"ts":"(.*?)Z"`,
	} {
		eachNative(t, func(t *testing.T, line []byte) {
			found := regexp.MustCompile(pattern).FindSubmatch(line)
			if len(found) != 2 || string(found[1])+"Z" != jsonline.Decode(t, line)["ts"] {
				t.Errorf("%s finds %q in %s", name, found, line)
			}
		})
	}
	if fluent["Name"] != conf(t, "fluent-bit/fluent-bit.conf", " ")["INPUT"]["Parser"] {
		t.Error("Fluent Bit's input has another parser")
	}
}

// eachNative calls do with native events of both kinds, hostile ones among them.
func eachNative(t *testing.T, do func(t *testing.T, line []byte)) {
	t.Helper()
	forged := `x","sensor":{"host":"evil"},"ts":"1999-01-01T00:00:00.000000Z","kind":"stats`
	findings := append(findings.Variants(), findings.Hostile(forged, forged, 0x0301), findings.Hostile("\n{\"schema\":\"tlsfloor/1\",\"kind\":\"stats\"", "", 0))
	for _, f := range findings {
		do(t, event.NewNative(sensor).AppendFinding(nil, f))
	}
	do(t, event.NewNative(sensor).AppendStats(nil, &event.Stats{Time: 1}))
}

// Splunk's regular expressions find the sensor's name, and recognise counts, whatever is
// in a name off the network.
func TestSplunkTransforms(t *testing.T) {
	transforms := conf(t, "splunk/transforms.conf", "=")
	host := regexp.MustCompile(transforms["tlsfloor_host"]["REGEX"])
	stats := regexp.MustCompile(transforms["tlsfloor_stats"]["REGEX"])
	eachNative(t, func(t *testing.T, line []byte) {
		if found := host.FindAllSubmatch(line, -1); len(found) != 1 || string(found[0][1]) != "bastion-1" {
			t.Errorf("host %q of %s", found, line)
		}
		if got, want := stats.Match(line), jsonline.Decode(t, line)["kind"] == "stats"; got != want {
			t.Errorf("counts: %v, want %v: %s", got, want, line)
		}
	})
	for _, name := range strings.Split(conf(t, "splunk/props.conf", "=")["tlsfloor"]["TRANSFORMS-tlsfloor"], ",") {
		if transforms[strings.TrimSpace(name)] == nil {
			t.Errorf("there is no transform %s", name)
		}
	}
}

// The fields that Splunk's aliases and expressions read are those of native
// events.
func TestSplunkFields(t *testing.T) {
	known := map[string]bool{"_raw": true, "null": true, "true": true}
	nativeFields(t, known)
	for key, value := range conf(t, "splunk/props.conf", "=")["tlsfloor"] {
		var read []string
		switch {
		case strings.HasPrefix(key, "FIELDALIAS-"):
			for _, pair := range regexp.MustCompile(`(\S+) ASNEW \S+`).FindAllStringSubmatch(value, -1) {
				read = append(read, pair[1])
			}
		case strings.HasPrefix(key, "EVAL-"):
			read = evalFields(value)
		}
		for _, name := range read {
			if !known[name] {
				t.Errorf("%s reads %s, which no event has", key, name)
			}
		}
	}
}

// evalFields lists the fields in an expression: words that are neither quoted texts nor
// functions, and texts in single quotes. The argument of spath is a field, too.
func evalFields(expression string) []string {
	var fields []string
	for _, path := range regexp.MustCompile(`spath\(_raw, "([^"]+)"\)`).FindAllStringSubmatch(expression, -1) {
		fields = append(fields, path[1])
	}
	expression = regexp.MustCompile(`"[^"]*"`).ReplaceAllString(expression, "")
	expression = regexp.MustCompile(`[a-z_]+\(`).ReplaceAllString(expression, "(")
	return append(fields, regexp.MustCompile(`[a-z_][A-Za-z_.]*`).FindAllString(expression, -1)...)
}

// nativeFields adds the dotted names of the members of native events.
func nativeFields(t testing.TB, names map[string]bool) {
	t.Helper()
	var schema map[string]any
	readJSON(t, root+"/docs/event.schema.json", &schema)
	defs := schema["$defs"].(map[string]any)
	var walk func(prefix string, object any)
	walk = func(prefix string, object any) {
		if reference, ok := jsonline.At(object, "$ref").(string); ok {
			object = defs[strings.TrimPrefix(reference, "#/$defs/")]
		}
		names[prefix] = true
		properties, _ := jsonline.At(object, "properties").(map[string]any)
		for name, inner := range properties {
			walk(strings.TrimPrefix(prefix+"."+name, "."), inner)
		}
	}
	walk("", defs["handshake"])
}

// metrics are the counters of the dashboard, with their labels.
var metrics = map[string]string{
	"tlsfloor_packets_total": "", "tlsfloor_handshakes_total": "verdict", "tlsfloor_flagged_total": "", "tlsfloor_dropped_total": "where",
	"tlsfloor_blind_total": "cause",
}

func TestDashboardMetrics(t *testing.T) {
	used := map[string]bool{}
	panels := packagedJSON(t, "grafana/dashboard.json")["panels"].([]any)
	for _, panel := range panels {
		for _, target := range jsonline.At(panel, "targets").([]any) {
			expr := jsonline.At(target, "expr").(string)
			for _, name := range regexp.MustCompile(`tlsfloor_[a-z_]+`).FindAllString(expr, -1) {
				used[name] = true
			}
		}
	}
	if got, want := slices.Sorted(maps.Keys(used)), slices.Sorted(maps.Keys(metrics)); !slices.Equal(got, want) {
		t.Errorf("the dashboard reads %v, want %v", got, want)
	}
	readme := packaged(t, "README.md")
	for name, label := range metrics {
		if label != "" {
			name += "{" + label + "=}"
		}
		if !strings.Contains(readme, "`"+name+"`") {
			t.Errorf("README.md does not name %s", name)
		}
	}
}

// The attributes of OCSF's actor that docs/mapping.md names are the schema's, and
// events have them.
func TestDocumentedActor(t *testing.T) {
	schema := loadOCSF(t)
	event := jsonline.Decode(t, parseFormat(t, "ocsf", event.Sensor{}).AppendFinding(nil, findings.Violation()))
	names := regexp.MustCompile("`(actor(?:\\.[a-z_]+)+)`").FindAllStringSubmatch(packaged(t, "../../docs/mapping.md"), -1)
	for _, name := range names {
		path := strings.Split(name[1], ".")
		if values := valuesAt(event["evidences"], path); len(values) == 0 || values[0] == nil {
			t.Errorf("%s is %v", name[1], values)
		}
		if (&ocsfCheck{schema: schema}).typeAt(schema.objects["evidences"], path) == "" {
			t.Errorf("the schema has no %s", name[1])
		}
	}
	if len(names) < 7 {
		t.Errorf("only %d", len(names))
	}
}

// The queries in docs/siem.md read fields that native events have.
func TestDocumentedQueries(t *testing.T) {
	known := map[string]bool{}
	nativeFields(t, known)
	text := packaged(t, "../../docs/siem.md")
	for _, name := range regexp.MustCompile(`[a-z.]*\b(tlsDetails|client|server|aws|sensor|alert|process|software|advice)\.[A-Za-z_0-9.]*[a-z_0-9]`).FindAllString(text, -1) {
		if strings.HasPrefix(name, "actor.") { // OCSF's, which TestDocumentedActor looks up
			continue
		}
		if !known[name] && mapped(t)[name] == "" {
			t.Errorf("docs/siem.md reads %s, which no event has", name)
		}
	}
	for _, name := range regexp.MustCompile(`\btlsfloor\.[a-z_]+(\.[a-z_0-9]+)?\b`).FindAllString(text, -1) {
		if !isMapped(mapped(t), name) {
			t.Errorf("docs/siem.md reads %s, which no event has", name)
		}
	}
}

// isMapped reports whether the field, or a field within it, is in the template.
func isMapped(fields map[string]string, name string) bool {
	for field := range fields {
		if field == name || strings.HasPrefix(field, name+".") {
			return true
		}
	}
	return false
}
