/* One TLS connection by Mbed TLS 2.
 *
 *   mbedtls HOST [MINOR]    MINOR of "3.MINOR": 1 to 3 for TLS 1.0 to 1.2
 */
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	mbedtls_net_context net;
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context random;
	mbedtls_ssl_config config;
	mbedtls_ssl_context tls;

	mbedtls_net_init(&net);
	mbedtls_entropy_init(&entropy);
	mbedtls_ctr_drbg_init(&random);
	mbedtls_ssl_config_init(&config);
	mbedtls_ssl_init(&tls);
	if (argc < 2 || mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, NULL, 0) != 0 ||
	    mbedtls_net_connect(&net, argv[1], "443", MBEDTLS_NET_PROTO_TCP) != 0 ||
	    mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT) != 0)
		return 1;
	if (argc > 2) {
		mbedtls_ssl_conf_min_version(&config, MBEDTLS_SSL_MAJOR_VERSION_3, atoi(argv[2]));
		mbedtls_ssl_conf_max_version(&config, MBEDTLS_SSL_MAJOR_VERSION_3, atoi(argv[2]));
	}
	mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_NONE);
	mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &random);
	if (mbedtls_ssl_setup(&tls, &config) != 0 || mbedtls_ssl_set_hostname(&tls, argv[1]) != 0)
		return 1;
	mbedtls_ssl_set_bio(&tls, &net, mbedtls_net_send, mbedtls_net_recv, NULL);
	printf("handshake: %d, %s\n", mbedtls_ssl_handshake(&tls), mbedtls_ssl_get_version(&tls));
	return 0;
}
