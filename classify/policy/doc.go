// Package policy judges: it fills the second half of a classify.Finding from
// its Observation - the verdict against the floor, who has to change, why, the
// destination's name, and whether that is in scope.
package policy
