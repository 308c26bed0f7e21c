package report

import (
	"path"
	"slices"
	"strings"
)

// maxAlike is how many clients of one address and program are compared with each other.
// Where somebody makes up more, each stays alone.
const maxAlike = 256

// fold adds each client of which less is known, because its process or a parent had ended
// before all was read, to the client that it is part of, if there is only one such client.
// It keeps the order.
func fold(all []row) (whole []row) {
	near := neighbours(all)
	covers := func(i, j int) bool {
		return i != j && all[i].process.partOf(&all[j].process, firstWord(all[j].command.line))
	}
	isPart := make([]bool, len(all))
	for i := range all {
		isPart[i] = slices.ContainsFunc(near.of(&all[i]), func(j int) bool { return covers(i, j) })
	}
	sums := make(map[int]*client)
	for i := range all {
		if to := only(near.of(&all[i]), func(j int) bool { return !isPart[j] && covers(i, j) }); to < 0 {
			isPart[i] = false
		} else {
			if sums[to] == nil {
				sums[to] = new(client)
				sums[to].merge(all[to].client)
			}
			sums[to].merge(all[i].client)
		}
	}
	for i := range all {
		if sums[i] != nil {
			all[i].client = sums[i]
		}
		if !isPart[i] {
			whole = append(whole, all[i])
		}
	}
	return whole
}

// only returns the only one of a list that a function wants, or -1.
func only(list []int, wanted func(int) bool) int {
	found := -1
	for _, j := range list {
		if !wanted(j) {
			continue
		}
		if found >= 0 {
			return -1
		}
		found = j
	}
	return found
}

// nameAt is an address with the name of a program. Only clients that share one are compared.
type nameAt struct {
	identity
	name string
}

func keyOf(r *row) nameAt {
	return nameAt{identity{address: r.address, other: r.other}, programName(r.process.file, []string{r.process.name})}
}

// alike has the rows of processes, by the name of the file and of the first argument.
type alike map[nameAt][]int

func neighbours(all []row) alike {
	near := alike{}
	for i := range all {
		if all[i].process == (program{}) {
			continue
		}
		at := keyOf(&all[i])
		near[at] = append(near[at], i)
		if named := firstWord(all[i].command.line); named != "" && named != at.name {
			at.name = named
			near[at] = append(near[at], i)
		}
	}
	return near
}

// of returns the rows that a row may be part of, unless they are too many.
func (n alike) of(r *row) []int {
	if list := n[keyOf(r)]; len(list) <= maxAlike {
		return list
	}
	return nil
}

// partOf reports whether a program may be b, of which more is known: a process that ends
// within milliseconds is often gone before its file can be read, and so is one of its
// parents. named is the end of b's first argument.
func (a *program) partOf(b *program, named string) bool {
	fewer := strings.HasPrefix(b.starter, a.starter+" from ")
	if a.file != "" {
		rest := *a
		rest.starter = b.starter
		return fewer && a.starter != "" && rest == *b
	}
	if a.name == "" || a.name != b.name && a.name != path.Base(b.file) && a.name != named {
		return false
	}
	if a.script != "" && a.script != b.script && (path.IsAbs(a.script) || path.Base(a.script) != path.Base(b.script)) {
		return false
	}
	for _, texts := range [...][2]string{{a.user, b.user}, {a.login, b.login}, {a.unit, b.unit}, {a.container, b.container}} {
		if texts[0] != "" && texts[0] != texts[1] {
			return false
		}
	}
	return a.starter == "" || a.starter == b.starter || fewer
}
