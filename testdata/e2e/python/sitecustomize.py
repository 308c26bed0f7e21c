"""Holds every TLS connection of a Python program to one version, as old
applications do in their own code. Python loads this file from PYTHONPATH."""
import os
import ssl

VERSIONS = {"TLSv1": "TLSv1", "TLSv1.1": "TLSv1_1", "TLSv1.2": "TLSv1_2", "TLSv1.3": "TLSv1_3"}
HELD = VERSIONS.get(os.environ.get("E2E_TLS", ""))

if HELD:
    wrap_socket = ssl.SSLContext.wrap_socket

    def wrap_held(self, *args, **kwargs):
        version = ssl.TLSVersion[HELD]
        self.minimum_version, self.maximum_version = version, version
        self.set_ciphers("DEFAULT@SECLEVEL=0")
        return wrap_socket(self, *args, **kwargs)

    ssl.SSLContext.wrap_socket = wrap_held
