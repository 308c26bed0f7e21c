package aws

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"tlsfloor/classify"
)

// published is a file outside the repository: every name that the AWS SDK publishes,
// with its data.
const published = "../../../shared/aws/aws-hosts.tsv"

// leastRight is the least share of the published names that has to be parsed correctly,
// for each field and for all fields together.
const leastRight = 0.99

func TestPublishedNames(t *testing.T) {
	exceptions := readTSV(t, "testdata/exceptions.tsv")
	rows := readTSV(t, published)
	wrong := map[string]int{}
	unused := map[string]bool{}
	for _, e := range exceptions {
		unused[e[0]] = true
	}
	for _, row := range rows {
		fields := differences(row)
		if len(fields) > 0 && !unused[row[0]] {
			t.Errorf("%s: %s wrong, and not among the exceptions", row[0], strings.Join(fields, ", "))
		}
		if len(fields) > 0 {
			delete(unused, row[0])
			wrong["all fields"]++
		}
		for _, f := range fields {
			wrong[f]++
		}
	}
	for host := range unused {
		t.Errorf("%s: an exception, but read as published", host)
	}
	for _, field := range slices.Sorted(maps.Keys(wrong)) {
		right := 1 - float64(wrong[field])/float64(len(rows))
		t.Logf("%-10s %5d of %d right (%.2f %%)", field, len(rows)-wrong[field], len(rows), 100*right)
		if right < leastRight {
			t.Errorf("%s: %.4f right, less than %v", field, right, leastRight)
		}
	}
}

// differences returns the fields in which Parse differs from the row. A row's field may
// have several values, of which each is correct.
func differences(row []string) (fields []string) {
	got, _ := Parse(row[0])
	differs := func(field, got, want string) {
		if !slices.Contains(strings.Split(want, "|"), got) {
			fields = append(fields, field)
		}
	}
	differs("partition", got.Partition, row[1])
	differs("region", got.Region, row[2])
	differs("service", got.Service, row[3])
	differs("tags", tags(got), row[4])
	return fields
}

func tags(a classify.AWS) string {
	var s []string
	if a.DualStack {
		s = append(s, "dualstack")
	}
	if a.FIPS {
		s = append(s, "fips")
	}
	return strings.Join(s, "+")
}

func readTSV(t *testing.T, path string) (rows [][]string) {
	b, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		t.Skipf("%s is not here", path)
	}
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimSuffix(line, "\n"); !strings.HasPrefix(line, "#") {
			rows = append(rows, strings.Split(line, "\t"))
		}
	}
	return rows
}
