package names

// texts has each name once, with a number. Other tables refer to names by number, so
// that the garbage collector has no pointers to follow in tables of a hundred thousand
// entries. 0 is no name.
type texts struct {
	index map[string]int32
	texts []text
	free  []int32
}

type text struct {
	name string
	uses int32
}

// textCost is the memory of a name without its bytes, in bytes: the element, the entry
// in the index, and what the allocator rounds up.
const textCost = 96

func newTexts() texts { return texts{index: map[string]int32{}, texts: make([]text, 1)} }

// name returns the name with a number.
func (t *texts) name(id int32) string { return t.texts[id].name }

// add returns the number of a name, and adds a use of it.
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

// use adds a use of a name that is in use.
func (t *texts) use(id int32) { t.texts[id].uses++ }

// drop removes a use, and the name with its last use.
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

// cost returns the memory of a name, in bytes, as if it had one use only.
func (t *texts) cost(id int32) int32 {
	if id == 0 {
		return 0
	}
	return int32(len(t.texts[id].name)) + textCost
}
