/* connect_to opens a TCP connection to port 443 of a host, or ends. */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static int connect_to(const char *host)
{
	struct addrinfo want = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
	int connection = socket(AF_INET, SOCK_STREAM, 0);

	if (getaddrinfo(host, "443", &want, &found) != 0 ||
	    connect(connection, found->ai_addr, found->ai_addrlen) != 0) {
		perror("connect");
		exit(1);
	}
	freeaddrinfo(found);
	return connection;
}
