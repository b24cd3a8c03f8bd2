"""A pytest plugin for the client's own generated examples: what they only pretend to send goes to the emulator too.

About half of the examples hand the client a stub instead of an HTTP client. Here such a request is really made, at the
emulator under `STRIPE_MOCK_PORT`, and its answer takes the place of the stub's empty object. Stubs that bring an answer of
their own, as those of errors, stay what they are.
"""

import os
from urllib.parse import urlsplit

import requests
from tests import http_client_mock

BASE = f"http://{os.environ['STRIPE_MOCK_HOST']}:{os.environ['STRIPE_MOCK_PORT']}"

session = requests.Session()
stub_request = http_client_mock.HTTPClientMock.stub_request


def stub_and_ask(self, method, path="", query_string="", rbody="{}", rcode=200, rheaders=None):
    stub_request(self, method, path, query_string, rbody, rcode, rheaders)
    if rbody != "{}" or rcode != 200:
        return
    for func in self.funcs:
        name = func._mock_name
        if "stream" not in name:
            func.side_effect = (asking_async if name.endswith("async") else asking)(func.side_effect)


def asking(stub):
    def ask(method, url, headers=None, data=None, **rest):
        stub(method, url, headers, data, **rest)
        return really(method, url, headers, data)

    return ask


def asking_async(stub):
    async def ask(method, url, headers=None, data=None, **rest):
        await stub(method, url, headers, data, **rest)
        return really(method, url, headers, data)

    return ask


def really(method, url, headers, data):
    parts = urlsplit(url)
    target = BASE + parts.path + (f"?{parts.query}" if parts.query else "")
    answer = session.request(method, target, headers=headers, data=data, timeout=20)
    assert answer.status_code == 200, (method, target, data, answer.status_code, answer.text)
    return answer.text, answer.status_code, answer.headers


http_client_mock.HTTPClientMock.stub_request = stub_and_ask
