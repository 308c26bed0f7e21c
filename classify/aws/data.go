package aws

import (
	_ "embed"
	"fmt"
	"strings"

	"tlsfloor/classify"
)

// endpointsTSV is data that the AWS SDK publishes. Its heading has the source.
//
//go:embed endpoints.tsv
var endpointsTSV string

// known is the embedded data. It is read-only.
var known = load(endpointsTSV)

// knowledge is the embedded data, prepared for look-ups.
type knowledge struct {
	suffixes   []suffix
	byLength   [][]*suffix             // the suffixes by their length
	partitions map[string]string       // partition id -> DNS suffix
	regions    map[string]string       // region -> partition id
	shorts     map[string]string       // ElastiCache's short form of a region -> region
	shapes     []shape                 // how the names of unknown regions begin
	services   map[string]service      // by the labels that name it
	names      map[string]classify.AWS // whole names that do not tell all that is known
}

// suffix is the end of a name, with its leading dot, and what it tells.
type suffix struct {
	text      string
	partition string
	service   string // empty: the labels before the suffix tell it
	dualStack bool
}

// service is what the labels of a name tell.
type service struct {
	id        string
	dualStack bool // the plain name is the dual-stack one
	single    bool // there is no dual-stack variant, whatever the suffix
}

// shape is how a partition's region names begin: "us-gov-".
type shape struct {
	beginning string
	partition string
}

// load reads the embedded data. It panics when the data is malformed, which is a defect
// of the build.
func load(text string) *knowledge {
	k := &knowledge{
		partitions: map[string]string{}, regions: map[string]string{}, shorts: map[string]string{},
		services: map[string]service{}, names: map[string]classify.AWS{},
	}
	for labels, id := range unpublishedServices {
		k.services[labels] = service{id: id}
	}
	for line := range strings.Lines(text) {
		if line = strings.TrimSuffix(line, "\n"); !strings.HasPrefix(line, "#") {
			k.add(strings.Split(line, "\t"))
		}
	}
	k.suffixes = append(k.suffixes, unpublishedSuffixes...)
	k.sortSuffixes()
	return k
}

func (k *knowledge) sortSuffixes() {
	longest := 0
	for _, s := range k.suffixes {
		longest = max(longest, len(s.text))
	}
	k.byLength = make([][]*suffix, longest+1)
	for i := range k.suffixes {
		s := &k.suffixes[i]
		k.byLength[len(s.text)] = append(k.byLength[len(s.text)], s)
	}
}

// add adds one row of the embedded data.
func (k *knowledge) add(row []string) {
	switch {
	case row[0] == "partition" && len(row) == 5:
		k.addPartition(row[1], row[2], row[3], row[4])
	case row[0] == "region" && len(row) == 3:
		k.regions[row[2]] = row[1]
		k.shorts[shortRegion(row[2])] = row[2]
	case row[0] == "service" && len(row) == 4:
		k.services[row[1]] = service{id: row[2], dualStack: row[3] == "dualstack", single: row[3] == "single"}
	case row[0] == "name" && len(row) == 6:
		k.names[row[1]] = classify.AWS{
			Partition: row[2], Region: row[3], Service: row[4],
			FIPS: strings.Contains(row[5], "fips"), DualStack: strings.Contains(row[5], "dualstack"),
		}
	default:
		panic(fmt.Sprintf("classify/aws: embedded row %q", row))
	}
}

// addPartition keeps the first partition of a suffix that several share. A GovCloud
// name is recognised by its region.
func (k *knowledge) addPartition(id, dns, dualStack, beginnings string) {
	k.partitions[id] = dns
	for _, b := range strings.Split(beginnings, ",") {
		k.shapes = append(k.shapes, shape{b, id})
	}
	for _, s := range k.suffixes {
		if s.text == "."+dns {
			return
		}
	}
	k.suffixes = append(k.suffixes,
		suffix{text: "." + dns, partition: id}, suffix{text: "." + dualStack, partition: id, dualStack: true})
}
