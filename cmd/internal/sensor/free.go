package sensor

// freeList keeps what connections have used for the next ones, so that these
// allocate nothing. Who gives something back has emptied it.
type freeList[T any] []*T

// take returns one of the list, or a new one.
func (l *freeList[T]) take() *T {
	n := len(*l)
	if n == 0 {
		return new(T)
	}
	x := (*l)[n-1]
	*l = (*l)[:n-1]
	return x
}

// give puts x on the list.
func (l *freeList[T]) give(x *T) { *l = append(*l, x) }
