package aws

import (
	_ "embed"
	"fmt"
	"strings"

	"tlsfloor/classify"
)

// endpointsTSV is what the AWS SDK publishes: its heading says from where.
//
//go:embed endpoints.tsv
var endpointsTSV string

// known is read by every Parse and written by none.
var known = load(endpointsTSV)

// knowledge is the embedded data, made ready for look-ups.
type knowledge struct {
	suffixes   []suffix
	byLength   [][]*suffix             // the same, up to the longest
	partitions map[string]string       // partition id -> DNS suffix
	regions    map[string]string       // region -> partition id
	shorts     map[string]string       // ElastiCache's short form of a region -> region
	shapes     []shape                 // how regions not known yet begin
	services   map[string]service      // by the labels that name it
	names      map[string]classify.AWS // whole names that say less than is known
}

// suffix is the end of a name, with its leading dot, and what it says.
type suffix struct {
	text      string
	partition string
	service   string // empty: the labels in front say
	dualStack bool
}

// service is what labels say.
type service struct {
	id        string
	dualStack bool // the plain name is the dual-stack one
	single    bool // there is no dual-stack variant: the suffix says nothing
}

// shape is how a partition's region names begin: "us-gov-".
type shape struct {
	beginning string
	partition string
}

// load reads the embedded data. That it is malformed is a defect of the
// build, not of the input, hence the panic.
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

// add takes one row of the embedded data.
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

// addPartition keeps the first partition of a suffix that several share: a
// GovCloud name is told by its region.
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
