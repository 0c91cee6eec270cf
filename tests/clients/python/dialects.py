"""The models that the tests of a dialect ask: of each what its upstream speaks."""

import contextlib

import mock

CHAT, RESPONSES, MESSAGES = "/chat/completions", "/responses", "/v1/messages"

TEXT = 'Grüße, 世界! 🚀 👩‍👩‍👧 e\u0301 "quoted" back\\slash\ttab\nline'
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
CITY = {"type": "object", "properties": {"city": {"type": "string", "enum": ["Zürich"]}}}
TIME = {"type": "object", "properties": {"zone": {"type": "string"}}}
# Words on which the simulated models call both tools at once, and what they call then.
CALL_BOTH = 'call weather with {"city": "Zürich"} and call time with {"zone": "mock"}'
CALLS = [("weather", {"city": "Zürich"}), ("time", {"zone": "mock"})]


@contextlib.contextmanager
def on(test, model, path):
    """A test of one model, after which its upstream must have been asked in its dialect alone."""
    with test.subTest(model=model):
        mock.reset()
        yield
        test.assertEqual(set(mock.asked()), {path})
