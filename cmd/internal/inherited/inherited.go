// Package inherited reports which standard descriptors were closed when the program
// was started.
package inherited

/*
#include <errno.h>
#include <fcntl.h>

static int missing; // a bit for each of the descriptors 0 to 2

// Go's runtime opens /dev/null in place of closed ones before any Go code runs. A
// constructor in C runs before the runtime.
__attribute__((constructor)) static void look(void) {
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			missing |= 1 << fd;
}

static int tlsfloor_missing(void) { return missing; }
*/
import "C"

// Missing reports whether descriptor fd, from 0 to 2, was closed when the program was
// started. It is /dev/null now.
func Missing(fd int) bool { return int(C.tlsfloor_missing())>>fd&1 != 0 }
