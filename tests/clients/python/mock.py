"""The simulated upstream, as a test steers and questions it."""

import json
import os
import time
import urllib.request

URL = os.environ["MOCK_URL"]
COPILOT = ("octocat", "hubot")
ZAI = "zed"
WORK = (
    *("/chat/completions", "/responses", "/v1/messages"),
    *("/embeddings", "/v1/messages/count_tokens"),
)

# No proxy of the machine's stands between the test and loopback.
_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


def reset():
    """Takes back all faults and forgets all requests."""
    for account in (*COPILOT, ZAI):
        _call("DELETE", f"/_mock/accounts/{account}/faults")
    _call("DELETE", "/_mock/seen")


def queue(account, *faults):
    """Lets the account's next replies go wrong, each in one way."""
    _call("PUT", f"/_mock/accounts/{account}/faults", list(faults))


def always(fault, accounts=COPILOT):
    """Lets every reply of the accounts go wrong."""
    for account in accounts:
        _call("PUT", f"/_mock/accounts/{account}/faults", {"standing": fault})


def status(code, body, **headers):
    """A fault: this answer instead of a reply. Underscores of a header's name are dashes."""
    pairs = [[name.replace("_", "-"), value] for name, value in headers.items()]
    return {"status": {"status": code, "headers": pairs, "body": body}}


def seen():
    """All requests since the reset, the token exchanges too."""
    return [Seen(request) for request in _call("GET", "/_mock/seen")]


def chats():
    """The chat requests since the reset."""
    return [request for request in seen() if request.path.endswith("/chat/completions")]


def works():
    """The requests that made a model work since the reset."""
    return [request for request in seen() if request.path in WORK]


def asked():
    """Where they went."""
    return [request.path for request in works()]


def chats_until(satisfied, what, seconds=10):
    """The chat requests, as soon as they satisfy the claim."""
    deadline = time.monotonic() + seconds
    while not satisfied(requests := chats()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.01)
    return requests


class Seen:
    """One request as it reached the upstream."""

    def __init__(self, request):
        # Below the provider's base: Z.ai has one.
        self.path = request["path"].removeprefix("/api/paas/v4")
        self.account = request["account"]
        self.disconnected = request["disconnected"]
        self.headers = request["headers"]
        self.text = request["body"]

    def header(self, name):
        return next((value for known, value in self.headers if known == name), None)

    def json(self):
        return json.loads(self.text)


def _call(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(URL + path, data=data, method=method)
    with _open(request, timeout=10) as response:
        text = response.read()
    return json.loads(text) if text else None
