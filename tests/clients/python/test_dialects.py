"""The unmodified `openai` (Responses) and `anthropic` packages from PyPI against the router, each on
models that speak another dialect than the client, too: each test's name is its claim."""

import json
import os
import sys
import unittest

import anthropic

import journal
import mock

# What each speaks: Chat only, Chat and Responses, Chat and Messages.
MODELS = ("gemini-3.1-pro", "gpt-5-mini", "claude-opus-4.7")
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
CITY = {"type": "object", "properties": {"city": {"type": "string", "enum": ["Zürich"]}}}
TIME = {"type": "object", "properties": {"zone": {"type": "string"}}}
CALLS = [("weather", {"city": "Zürich"}), ("time", {"zone": "mock"})]
TEXT = "Grüße, 世界! 🚀 \"quoted\" back\\slash\nline"


class Responses(unittest.TestCase):
    TOOLS = [
        {"type": "function", "name": "weather", "parameters": CITY, "strict": False},
        {"type": "function", "name": "time", "parameters": TIME, "strict": False},
    ]

    def setUp(self):
        mock.reset()
        self.client = journal.client()
        self.addCleanup(self.client.close)

    def ask(self, model, content=TEXT, **more):
        return self.client.responses.create(model=model, input=content, **more)

    def test_a_reply_comes_whole_on_every_model(self):
        for model in MODELS:
            reply = self.ask(model)
            self.assertIn(TEXT[:20], reply.output_text, model)
            self.assertEqual(reply.status, "completed")
            self.assertGreater(reply.usage.output_tokens, 0)

    def test_a_stream_makes_the_same_reply_on_every_model(self):
        for model in MODELS:
            with self.client.responses.stream(model=model, input=TEXT) as stream:
                said = "".join(e.delta for e in stream if e.type == "response.output_text.delta")
                reply = stream.get_final_response()
            self.assertEqual(said, reply.output_text, model)
            self.assertIn(TEXT[:20], said)

    def test_two_tools_are_called_at_once_and_their_results_are_heard_on_every_model(self):
        for model in MODELS:
            for stream in (False, True):
                asked = {"tools": self.TOOLS, "parallel_tool_calls": True}
                reply = self.ask(model, stream=stream, **asked)
                if stream:
                    reply = [event for event in reply][-1].response
                calls = [item for item in reply.output if item.type == "function_call"]
                self.assertEqual([(c.name, json.loads(c.arguments)) for c in calls], CALLS, model)
                history = [{"role": "user", "content": "hi"}]
                history += [call.model_dump(exclude_none=True) for call in calls]
                history += [
                    {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
                    for call in calls
                ]
                self.assertIn("the tool said: sunny", self.ask(model, history).output_text, model)


class Messages(unittest.TestCase):
    TOOLS = [
        {"name": "weather", "input_schema": CITY},
        {"name": "time", "input_schema": TIME},
    ]

    def setUp(self):
        mock.reset()
        base = os.environ["OPENAI_BASE_URL"].removesuffix("/v1")
        hooks = {"request": [journal._asked], "response": [journal._answered]}
        http = anthropic.DefaultHttpxClient(event_hooks=hooks)
        self.client = anthropic.Anthropic(
            base_url=base, auth_token="unused", max_retries=0, timeout=60, http_client=http
        )
        self.addCleanup(self.client.close)

    def ask(self, model, content=TEXT, **more):
        is_history = isinstance(content, list) and "role" in content[0]
        messages = content if is_history else [{"role": "user", "content": content}]
        return self.client.messages.create(model=model, max_tokens=1000, messages=messages, **more)

    def test_a_reply_comes_whole_on_every_model(self):
        for model in MODELS:
            reply = self.ask(model)
            self.assertIn(TEXT[:20], reply.content[0].text, model)
            self.assertEqual(reply.stop_reason, "end_turn")
            self.assertGreater(reply.usage.output_tokens, 0)

    def test_a_stream_makes_the_same_reply_on_every_model(self):
        for model in MODELS:
            messages = [{"role": "user", "content": TEXT}]
            with self.client.messages.stream(
                model=model, max_tokens=1000, messages=messages
            ) as stream:
                said = "".join(stream.text_stream)
                reply = stream.get_final_message()
            self.assertEqual(said, reply.content[0].text, model)
            self.assertIn(TEXT[:20], said)

    def test_two_tools_are_called_at_once_and_their_results_are_heard_on_every_model(self):
        for model in MODELS:
            reply = self.ask(model, tools=self.TOOLS, tool_choice={"type": "auto"})
            calls = [block for block in reply.content if block.type == "tool_use"]
            self.assertEqual([(c.name, c.input) for c in calls][:1], CALLS[:1], model)
            self.assertEqual(reply.stop_reason, "tool_use")
            results = [
                {"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}
                for call in calls
            ]
            history = [
                {"role": "user", "content": "hi"},
                {"role": "assistant", "content": [c.model_dump(exclude_none=True) for c in calls]},
                {"role": "user", "content": results},
            ]
            heard = self.ask(model, history, tools=self.TOOLS)
            self.assertIn("the tool said: sunny", heard.content[0].text, model)

    def test_an_image_is_seen_on_every_model(self):
        for model in MODELS:
            source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
            content = [{"type": "text", "text": "look"}, {"type": "image", "source": source}]
            reply = self.ask(model, content)
            self.assertIn("look", reply.content[0].text, model)

    def test_an_error_is_raised_as_its_own_kind(self):
        with self.assertRaises(anthropic.NotFoundError) as raised:
            self.ask("no-such-model")
        self.assertIn("no account serves", str(raised.exception))


if __name__ == "__main__":
    result = unittest.main(verbosity=2, exit=False).result
    failed = len(result.failures) + len(result.errors)
    journal.write(os.environ["JOURNAL"], result.testsRun - failed, failed)
    sys.exit(failed > 0)
