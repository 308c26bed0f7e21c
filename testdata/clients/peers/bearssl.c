/* One TLS connection by BearSSL, which trusts nobody: it ends after the server's hello.
 *
 *   bearssl HOST [MINOR]    MINOR of "3.MINOR": 1 to 3 for TLS 1.0 to 1.2
 */
#include <bearssl.h>
#include <stdlib.h>
#include <unistd.h>

#include "connect.h"

static int receive(void *connection, unsigned char *into, size_t size)
{
	ssize_t n = read(*(int *)connection, into, size);
	return n > 0 ? (int)n : -1;
}

static int transmit(void *connection, const unsigned char *from, size_t size)
{
	ssize_t n = write(*(int *)connection, from, size);
	return n > 0 ? (int)n : -1;
}

int main(int argc, char **argv)
{
	static br_ssl_client_context client;
	static br_x509_minimal_context verifier;
	static unsigned char buffer[BR_SSL_BUFSIZE_BIDI];
	br_sslio_context stream;
	int connection;

	if (argc < 2)
		return 1;
	connection = connect_to(argv[1]);
	br_ssl_client_init_full(&client, &verifier, NULL, 0);
	if (argc > 2)
		br_ssl_engine_set_versions(&client.eng, BR_TLS10 - 1 + atoi(argv[2]), BR_TLS10 - 1 + atoi(argv[2]));
	br_ssl_engine_set_buffer(&client.eng, buffer, sizeof buffer, 1);
	br_ssl_client_reset(&client, argv[1], 0);
	br_sslio_init(&stream, &client.eng, receive, &connection, transmit, &connection);
	br_sslio_flush(&stream);
	printf("ended with %d\n", br_ssl_engine_last_error(&client.eng));
	return 0;
}
