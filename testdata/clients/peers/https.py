"""One HTTPS request by Python.

  https.py urllib|requests|boto3 URL [VERSION]    VERSION: TLSv1 TLSv1.1 TLSv1.2 TLSv1.3
"""
import ssl
import sys


def hold(context, version):
    held = {"TLSv1": "TLSv1", "TLSv1.1": "TLSv1_1", "TLSv1.2": "TLSv1_2", "TLSv1.3": "TLSv1_3"}[version]
    context.minimum_version = context.maximum_version = ssl.TLSVersion[held]
    return context


def hold_urllib3(version):
    """Every context that urllib3 makes, as an SDK has no setting for it."""
    for name in ("urllib3.util.ssl_", "botocore.httpsession"):
        module = sys.modules.get(name)
        if module is None:
            continue
        made = module.create_urllib3_context
        module.create_urllib3_context = lambda *given, **named: hold(made(*given, **named), version)


def with_urllib(url, version):
    import urllib.request
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if version:
        hold(context, version)
    urllib.request.urlopen(url, b"{}", timeout=10, context=context)


def with_requests(url, version):
    import requests
    import requests.adapters
    if version:
        import urllib3.util.ssl_
        context = hold(urllib3.util.ssl_.create_urllib3_context(), version)

        class Held(requests.adapters.HTTPAdapter):
            def init_poolmanager(self, *given, **named):
                super().init_poolmanager(*given, ssl_context=context, **named)

        session = requests.Session()
        session.mount("https://", Held())
        session.post(url, "{}", timeout=10)
    else:
        requests.post(url, "{}", timeout=10, verify=False)


def with_boto3(url, version):
    import boto3
    import botocore.config
    if version:
        hold_urllib3(version)
    config = botocore.config.Config(retries={"total_max_attempts": 1})
    boto3.client("dynamodb", "us-west-2", endpoint_url=url, verify=False, config=config,
                 aws_access_key_id="none", aws_secret_access_key="none").list_tables()


{"urllib": with_urllib, "requests": with_requests, "boto3": with_boto3}[sys.argv[1]](sys.argv[2], (sys.argv + [None])[3])
