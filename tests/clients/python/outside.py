"""What is not Stripe's client: the seller in front of the OAuth page, the platform's webhook receiver, the control API."""

import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import requests

RETURNS_TO = "http://127.0.0.1:1/callback"


def answer_page(url: str, email: str, decision: str = "connect", account: str = "new") -> dict:
    """A seller opens an authorize URL and presses Connect or Deny; gives the query of the redirect back."""
    page = requests.get(url, timeout=10)
    assert page.status_code == 200, (page.status_code, page.text)
    form = {"decision": decision, "account": account}
    if account == "new":
        assert email in page.text, "the prefilled address is in the form"
        form |= {
            "stripe_user[email]": email,
            "stripe_user[business_name]": "Python Prints",
            "stripe_user[country]": "DE",
            "stripe_user[url]": "",
        }
    answer = requests.post(url, data=form, allow_redirects=False, timeout=10)
    assert answer.status_code in (302, 303), (answer.status_code, answer.text)
    location = answer.headers["Location"]
    assert location.startswith(RETURNS_TO), location
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def fault(base: str, key: str, **fault) -> None:
    """Makes the emulator misbehave for this key."""
    answer = requests.post(f"{base}/_tollway/faults", json={"key": key, **fault}, timeout=10)
    assert answer.ok, answer.text


class Receiver:
    """A webhook endpoint on a free loopback port; it keeps raw bodies with their signatures."""

    def __init__(self) -> None:
        deliveries = self.deliveries = queue.Queue()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                deliveries.put((body, self.headers["Stripe-Signature"]))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_port}/hook"

    def wait_for(self, client, secret: str, wanted: str):
        """The next delivery of this type, verified by Stripe's client on the way."""
        while True:
            body, signature = self.deliveries.get(timeout=20)
            event = client.construct_event(body, signature, secret)
            if event.type == wanted:
                return event
