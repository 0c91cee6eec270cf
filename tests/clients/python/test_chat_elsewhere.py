"""Chats of the unmodified `openai` package from PyPI on models whose upstreams speak Chat or do not:
each test's name is its claim."""

import json
import unittest

import openai
import pydantic

import journal
import mock
from chat import joined, user
from dialects import CALL_BOTH, CALLS, CHAT, CITY, PIXEL, RESPONSES, TEXT, TIME, on

MODELS = {"gpt-5.3-codex": RESPONSES, "claude-opus-4.7": CHAT, "gemini-3.1-pro": CHAT}
TOOLS = [
    {"type": "function", "function": {"name": "weather", "parameters": CITY}},
    {"type": "function", "function": {"name": "time", "parameters": TIME}},
]


class Place(pydantic.BaseModel):
    city: str
    days: int


class Chats(unittest.TestCase):
    def setUp(self):
        self.client = journal.client()
        self.addCleanup(self.client.close)

    def ask(self, model, content=TEXT, **more):
        options = {"model": model, "messages": user(content)} | more
        return self.client.chat.completions.create(**options)

    def test_a_reply_comes_whole_and_streamed(self):
        for model, path in MODELS.items():
            with on(self, model, path):
                reply = self.ask(model)
                said = reply.choices[0].message.content
                self.assertTrue(said.endswith(f"you said: {TEXT}"), said)
                self.assertEqual(reply.choices[0].finish_reason, "stop")
                self.assertGreater(reply.usage.completion_tokens, 0)
                streamed = joined(self.ask(model, stream=True))
                self.assertTrue(streamed.endswith(f"you said: {TEXT}"), streamed)

    def test_with_include_usage_the_last_chunk_tells_it_and_else_none_does(self):
        for model, path in MODELS.items():
            with on(self, model, path):
                told = {"include_usage": True}
                *others, last = self.ask(model, stream=True, stream_options=told)
                self.assertEqual(last.choices, [])
                self.assertGreater(last.usage.completion_tokens, 0)
                for chunk in (*others, *self.ask(model, stream=True)):
                    self.assertTrue(chunk.choices)
                    self.assertIsNone(chunk.usage)

    def test_two_tools_are_called_at_once_and_their_results_are_heard(self):
        for model, path in MODELS.items():
            with on(self, model, path):
                for stream in (False, True):
                    self.assertEqual(self.calls(model, stream), CALLS)

    def calls(self, model, stream):
        """What is called, each of which is answered, and the last answer is heard."""
        asked = {"model": model, "messages": user(CALL_BOTH), "tools": TOOLS}
        if stream:
            with self.client.chat.completions.stream(**asked) as events:
                choice = events.get_final_completion().choices[0]
        else:
            choice = self.client.chat.completions.create(**asked).choices[0]
        self.assertEqual(choice.finish_reason, "tool_calls")
        calls = choice.message.tool_calls
        results = [
            {"role": "tool", "tool_call_id": call.id, "content": f"sunny {number}"}
            for number, call in enumerate(calls)
        ]
        heard = self.ask(model, messages=[*user(CALL_BOTH), choice.message, *results], tools=TOOLS)
        self.assertIn("the tool said: sunny 1", heard.choices[0].message.content)
        for number, call in enumerate(calls):
            self.assertIn(f"sunny {number}", mock.seen()[-1].text)
            self.assertIn(call.id, mock.seen()[-1].text)
        return [(call.function.name, json.loads(call.function.arguments)) for call in calls]

    def test_an_image_reaches_the_upstream_and_is_announced(self):
        image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
        content = [{"type": "text", "text": "look"}, image]
        for model, path in MODELS.items():
            with on(self, model, path):
                reply = self.ask(model, content)
                self.assertIn("you said: look", reply.choices[0].message.content)
                [request] = mock.works()
                self.assertIn(PIXEL, request.text)
                self.assertEqual(request.header("copilot-vision-request"), "true")

    def test_a_reply_is_parsed_into_the_type_that_was_asked_for(self):
        for model, path in MODELS.items():
            with on(self, model, path):
                asked = {"model": model, "messages": user("where?"), "response_format": Place}
                reply = self.client.chat.completions.parse(**asked)
                self.assertEqual(reply.choices[0].message.parsed.city, "mock")
                with self.client.chat.completions.stream(**asked) as stream:
                    reply = stream.get_final_completion()
                self.assertEqual(reply.choices[0].message.parsed.days, 1)

    def test_an_upstreams_refusal_is_raised_in_its_words(self):
        refusal = json.dumps({"error": {"message": "no: ä", "code": "invalid_request_body"}})
        for model, path in MODELS.items():
            with on(self, model, path):
                mock.always(mock.status(400, refusal))
                for stream in (False, True):
                    with self.assertRaisesRegex(openai.BadRequestError, "no: ä"):
                        self.ask(model, stream=stream)

    def test_a_stream_that_breaks_is_raised(self):
        for model, path in MODELS.items():
            with on(self, model, path):
                for name in ("error_in_stream", "cut_stream"):
                    mock.always({name: {"after_events": 6}})
                    with self.assertRaises(openai.APIError):
                        list(self.ask(model, stream=True))
                    journal.last_was("failed")


if __name__ == "__main__":
    journal.prove()
