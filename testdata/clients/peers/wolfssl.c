/* One TLS connection by wolfSSL.
 *
 *   wolfssl HOST [METHOD]    METHOD: tls10 to tls13
 */
#include <string.h>
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include "connect.h"

static WOLFSSL_METHOD *method(const char *name)
{
#ifdef WOLFSSL_ALLOW_TLSV10
	if (strcmp(name, "tls10") == 0)
		return wolfTLSv1_client_method();
#endif
#ifndef NO_OLD_TLS
	if (strcmp(name, "tls11") == 0)
		return wolfTLSv1_1_client_method();
#endif
	if (strcmp(name, "tls12") == 0)
		return wolfTLSv1_2_client_method();
	if (strcmp(name, "tls13") == 0)
		return wolfTLSv1_3_client_method();
	return strcmp(name, "default") == 0 ? wolfSSLv23_client_method() : NULL;
}

int main(int argc, char **argv)
{
	WOLFSSL_METHOD *chosen;
	WOLFSSL_CTX *context;
	WOLFSSL *tls;

	wolfSSL_Init();
	chosen = method(argc > 2 ? argv[2] : "default");
	if (argc < 2 || chosen == NULL || (context = wolfSSL_CTX_new(chosen)) == NULL) {
		printf("built without this version\n");
		return 1;
	}
	wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_NONE, NULL);
	tls = wolfSSL_new(context);
	wolfSSL_UseSNI(tls, WOLFSSL_SNI_HOST_NAME, argv[1], (unsigned short)strlen(argv[1]));
	wolfSSL_set_fd(tls, connect_to(argv[1]));
	printf("handshake: %d, %s\n", wolfSSL_connect(tls), wolfSSL_get_version(tls));
	return 0;
}
