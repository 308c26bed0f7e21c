package names

// texts holds each name once, whoever is called by it, and numbers it. Entries
// keep the number, so that tables of a hundred thousand have no pointer for the
// garbage collector to follow. 0 is no name.
type texts struct {
	index map[string]int32
	texts []text
	free  []int32
}

type text struct {
	name string
	uses int32
}

// textCost is what a name costs beside its bytes, in bytes: its element, its
// place in the index, and what is lost where memory is given out in sizes.
const textCost = 96

func newTexts() texts { return texts{index: map[string]int32{}, texts: make([]text, 1)} }

// name is the name with a number.
func (t *texts) name(id int32) string { return t.texts[id].name }

// add returns the number of a name, which has one use more.
func (t *texts) add(name []byte) int32 {
	id, ok := t.index[string(name)]
	if !ok {
		id = t.enter(string(name))
	}
	t.texts[id].uses++
	return id
}

func (t *texts) enter(name string) int32 {
	id := int32(len(t.texts))
	if n := len(t.free); n > 0 {
		id, t.free = t.free[n-1], t.free[:n-1]
	} else {
		t.texts = append(t.texts, text{})
	}
	t.texts[id].name = name
	t.index[name] = id
	return id
}

// use adds a use of a number that has one.
func (t *texts) use(id int32) { t.texts[id].uses++ }

// drop takes a use away, and forgets the name with its last one.
func (t *texts) drop(id int32) {
	if id == 0 {
		return
	}
	known := &t.texts[id]
	if known.uses--; known.uses > 0 {
		return
	}
	delete(t.index, known.name)
	*known = text{}
	t.free = append(t.free, id)
}

// cost is what an entry is charged for a name, in bytes, as if nobody else had
// it.
func (t *texts) cost(id int32) int32 {
	if id == 0 {
		return 0
	}
	return int32(len(t.texts[id].name)) + textCost
}
