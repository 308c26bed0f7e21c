<?php
// One HTTPS request by PHP.
//
//   php https.php stream|curl URL [VERSION]

[, $with, $url] = $argv;
$version = $argv[3] ?? null;

function with_stream(string $url, ?string $version): void
{
    $methods = [
        'TLSv1' => STREAM_CRYPTO_METHOD_TLSv1_0_CLIENT,
        'TLSv1.1' => STREAM_CRYPTO_METHOD_TLSv1_1_CLIENT,
        'TLSv1.2' => STREAM_CRYPTO_METHOD_TLSv1_2_CLIENT,
        'TLSv1.3' => STREAM_CRYPTO_METHOD_TLSv1_3_CLIENT,
    ];
    $ssl = ['verify_peer' => false, 'verify_peer_name' => false];
    if ($version !== null) {
        $ssl['crypto_method'] = $methods[$version];
    }
    echo file_get_contents($url, false, stream_context_create(['ssl' => $ssl]));
}

function with_curl(string $url, ?string $version): void
{
    $lowest = ['TLSv1' => CURL_SSLVERSION_TLSv1_0, 'TLSv1.1' => CURL_SSLVERSION_TLSv1_1,
        'TLSv1.2' => CURL_SSLVERSION_TLSv1_2, 'TLSv1.3' => CURL_SSLVERSION_TLSv1_3];
    $highest = ['TLSv1' => CURL_SSLVERSION_MAX_TLSv1_0, 'TLSv1.1' => CURL_SSLVERSION_MAX_TLSv1_1,
        'TLSv1.2' => CURL_SSLVERSION_MAX_TLSv1_2, 'TLSv1.3' => CURL_SSLVERSION_MAX_TLSv1_3];
    $request = curl_init($url);
    curl_setopt($request, CURLOPT_SSL_VERIFYPEER, false);
    if ($version !== null) {
        curl_setopt($request, CURLOPT_SSLVERSION, $lowest[$version] | $highest[$version]);
    }
    echo curl_exec($request) === false ? curl_error($request) : '';
}

"with_$with"($url, $version);
