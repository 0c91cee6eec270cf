"""What the suite asked of the router: the ledger must hold the same, one for one.

The clients are the SDK's own, on the SDK's own HTTP client; its event hooks only look on.
"""

import json

import openai

# Each is {"id": …, "outcome": …, "usage": …}: a request that was left before its answer has no id,
# and usage says whether the upstream told it.
_entries = []


def client(**options):
    """A client as a person would make it, but one that never retries unless told to."""
    hooks = {"request": [_asked], "response": [_answered]}
    http = openai.DefaultHttpxClient(event_hooks=hooks)
    return openai.OpenAI(**{"max_retries": 0, "timeout": 60, "http_client": http} | options)


def async_client(**options):
    async def asked(request):
        _asked(request)

    async def answered(response):
        _answered(response)

    http = openai.DefaultAsyncHttpxClient(
        event_hooks={"request": [asked], "response": [answered]}
    )
    return openai.AsyncOpenAI(**{"max_retries": 0, "timeout": 60, "http_client": http} | options)


def last_was(outcome):
    """The last request ended otherwise than its status says."""
    _entries[-1]["outcome"] = outcome


def last_told_no_usage():
    """The last request was answered by an upstream that did not say what it used."""
    _entries[-1]["usage"] = False


def count():
    """How many requests for replies the router has been sent."""
    return len(_entries)


def write(path, passed, failed):
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"passed": passed, "failed": failed, "requests": _entries}, file)


def _asked(request):
    if request.url.path.endswith(("/chat/completions", "/responses", "/messages")):
        entry = {"id": None, "outcome": "cancelled", "usage": True}
        request.extensions["journal"] = entry
        _entries.append(entry)


def _answered(response):
    entry = response.request.extensions.get("journal")
    if entry is not None:
        entry["id"] = response.headers["x-tokn-router-request-id"]
        entry["outcome"] = "complete" if response.status_code < 400 else "failed"
