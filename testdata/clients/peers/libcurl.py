"""One HTTPS request by a libcurl, whichever TLS library it was built with.

  libcurl.py LIBRARY URL [LOWEST [HIGHEST]]    versions: 0 to 3 for TLS 1.0 to 1.3

Without a URL it prints what the library says of itself.
"""
import ctypes
import sys

URL, SSL_VERIFYPEER, SSL_VERIFYHOST, SSLVERSION, TIMEOUT = 10002, 64, 81, 32, 13
FIRST_LOWEST, FIRST_HIGHEST = 4, 4 << 16

curl = ctypes.CDLL(sys.argv[1])
curl.curl_version.restype = ctypes.c_char_p
curl.curl_easy_init.restype = ctypes.c_void_p
curl.curl_easy_setopt.argtypes = [ctypes.c_void_p, ctypes.c_int]
curl.curl_easy_perform.argtypes = [ctypes.c_void_p]


def request(url, versions):
    handle = curl.curl_easy_init()
    curl.curl_easy_setopt(handle, URL, ctypes.c_char_p(url.encode()))
    for option, value in ((SSL_VERIFYPEER, 0), (SSL_VERIFYHOST, 0), (TIMEOUT, 10)):
        curl.curl_easy_setopt(handle, option, ctypes.c_long(value))
    if versions:
        highest = FIRST_HIGHEST + (int(versions[1]) << 16) if len(versions) > 1 else 0
        curl.curl_easy_setopt(handle, SSLVERSION, ctypes.c_long(FIRST_LOWEST + int(versions[0]) | highest))
    print("result", curl.curl_easy_perform(handle))


if len(sys.argv) > 2:
    request(sys.argv[2], sys.argv[3:])
else:
    print(curl.curl_version().decode())
