// Package policy fills a classify.Finding from its Observation: the verdict, the side
// that has to change, the reason, the destination's name, and whether that is in
// scope.
package policy
