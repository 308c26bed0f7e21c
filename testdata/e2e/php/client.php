<?php
// Streams, as file_get_contents and mailers use them. Debian's OpenSSL refuses the
// signatures of TLS 1.0 and 1.1 above its security level 0.
$options = ['cafile' => getenv('E2E_CA'), 'ciphers' => 'DEFAULT@SECLEVEL=0'];
$methods = [
    'TLSv1' => STREAM_CRYPTO_METHOD_TLSv1_0_CLIENT, 'TLSv1.1' => STREAM_CRYPTO_METHOD_TLSv1_1_CLIENT,
    'TLSv1.2' => STREAM_CRYPTO_METHOD_TLSv1_2_CLIENT, 'TLSv1.3' => STREAM_CRYPTO_METHOD_TLSv1_3_CLIENT,
    'fixed' => STREAM_CRYPTO_METHOD_TLSv1_2_CLIENT,
];
$version = getenv('E2E_TLS');
if ($version != '') {
    $options['crypto_method'] = $methods[$version];
}
$answer = file_get_contents($argv[1], false, stream_context_create(['ssl' => $options]));
exit($answer === false ? 1 : 0);
