// Package foreign writes findings as events of other programs: the Elastic Common Schema,
// the Open Cybersecurity Schema Framework, Suricata's EVE log and Zeek's ssl.log.
//
// The fields of each schema are structs, whose tags a test compares with the schema as it is
// published. What a schema has no field for is added with the names of native events, where
// the schema allows that.
package foreign
