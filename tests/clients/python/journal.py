"""What the suite asked of the router: the ledger must hold the same, one for one.

The clients are the SDKs' own, on the SDKs' own HTTP clients; their event hooks only look on.
"""

import json
import os
import sys
import unittest

import anthropic
import openai

# Each is {"id": …, "outcome": …, "usage": …}: a request that was left before its answer has no id,
# and usage says whether the upstream told it.
_entries = []


def client(**options):
    """A client as a person would make it, but one that never retries unless told to."""
    http = openai.DefaultHttpxClient(event_hooks=_HOOKS)
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


def anthropic_client(**options):
    http = anthropic.DefaultHttpxClient(event_hooks=_HOOKS)
    return anthropic.Anthropic(**{"max_retries": 0, "timeout": 60, "http_client": http} | options)


def last_was(outcome):
    """The last request ended otherwise than its status says."""
    _entries[-1]["outcome"] = outcome


def last_told_no_usage():
    """The last request was answered by an upstream that did not say what it used."""
    _entries[-1]["usage"] = False


def count():
    """How many requests for replies the router has been sent."""
    return len(_entries)


def prove():
    """Runs the tests of the program and writes what they proved and asked."""
    result = unittest.main(verbosity=2, exit=False).result
    # A test fails once, however many of its cases do.
    unproved = [getattr(test, "test_case", test) for test, _ in result.failures + result.errors]
    failed = len({test.id() for test in unproved})
    told = {"passed": result.testsRun - failed, "failed": failed, "requests": _entries}
    with open(os.environ["JOURNAL"], "w", encoding="utf-8") as file:
        json.dump(told, file)
    sys.exit(failed > 0)


def _asked(request):
    if request.method == "POST":
        entry = {"id": None, "outcome": "cancelled", "usage": True}
        request.extensions["journal"] = entry
        _entries.append(entry)


def _answered(response):
    entry = response.request.extensions.get("journal")
    if entry is not None:
        entry["id"] = response.headers["x-tokn-router-request-id"]
        entry["outcome"] = "complete" if response.status_code < 400 else "failed"


_HOOKS = {"request": [_asked], "response": [_answered]}
