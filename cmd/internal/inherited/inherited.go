// Package inherited tells which standard descriptors the program was started
// without.
package inherited

/*
#include <errno.h>
#include <fcntl.h>

static int missing; // a bit for each of the descriptors 0 to 2

// Go's runtime opens /dev/null in the place of those that are closed before the
// first line of Go is run. A constructor of C runs before the runtime.
__attribute__((constructor)) static void look(void) {
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			missing |= 1 << fd;
}

static int tlsfloor_missing(void) { return missing; }
*/
import "C"

// Missing reports whether a descriptor from 0 to 2 was closed when the program
// was started. What is written to it since is written to /dev/null.
func Missing(fd int) bool { return int(C.tlsfloor_missing())>>fd&1 != 0 }
