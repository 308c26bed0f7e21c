package cache

// Free is a list of values that are used again, so that those who use them
// allocate nothing. It serves one goroutine at a time. The zero value is ready.
type Free[T any] []*T

// Take returns a value of the list, or a new one.
func (l *Free[T]) Take() *T {
	n := len(*l)
	if n == 0 {
		return new(T)
	}
	x := (*l)[n-1]
	*l = (*l)[:n-1]
	return x
}

// Give puts x on the list. The caller has emptied it, but for memory that the
// next one may use.
func (l *Free[T]) Give(x *T) { *l = append(*l, x) }
