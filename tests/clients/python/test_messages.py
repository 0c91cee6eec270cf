"""Messages of the unmodified `anthropic` package from PyPI, on models that speak other dialects,
too: each test's name is its claim."""

import json
import unittest

import anthropic
import pydantic

import journal
import mock
from dialects import CALL_BOTH, CALLS, CHAT, CITY, MESSAGES, PIXEL, RESPONSES, TEXT, TIME, on

MODELS = {
    "gemini-3.1-pro": CHAT,
    "glm-4.7": CHAT,
    "gpt-5.3-codex": RESPONSES,
    "claude-opus-4.7": MESSAGES,
}
# Z.ai is told of a schema in words, which the simulated one does not heed.
BY_SCHEMA = {model: path for model, path in MODELS.items() if model != "glm-4.7"}
LIMITED = "gpt-5.4"  # rests after its test, so no other test uses it
TOOLS = [{"name": "weather", "input_schema": CITY}, {"name": "time", "input_schema": TIME}]


class Place(pydantic.BaseModel):
    city: str
    days: int


def user(content):
    return [{"role": "user", "content": content}]


class Messages(unittest.TestCase):
    def setUp(self):
        self.client = journal.anthropic_client()
        self.addCleanup(self.client.close)

    def ask(self, model, content=TEXT, **more):
        options = {"model": model, "max_tokens": 1000, "messages": user(content)} | more
        return self.client.messages.create(**options)

    def stream(self, model, content=TEXT, **more):
        options = {"model": model, "max_tokens": 1000, "messages": user(content)} | more
        return self.client.messages.stream(**options)

    def test_a_reply_comes_whole(self):
        for model, path in MODELS.items():
            with on(self, model, path):
                reply = self.ask(model, system="Be brief.")
                said = reply.content[-1].text
                self.assertTrue(said.endswith(f"you said: {TEXT}"), said)
                self.assertEqual((reply.role, reply.stop_reason), ("assistant", "end_turn"))
                self.assertGreater(reply.usage.input_tokens, 0)
                self.assertGreater(reply.usage.output_tokens, 0)
                self.assertTrue(reply._request_id)
                self.assertIn("Be brief.", mock.seen()[-1].text)

    def test_a_stream_is_assembled_to_the_same_reply(self):
        for model, path in MODELS.items():
            with on(self, model, path):
                with self.stream(model) as stream:
                    said = "".join(stream.text_stream)
                    reply = stream.get_final_message()
                self.assertTrue(said.endswith(f"you said: {TEXT}"), said)
                self.assertEqual(reply.content[-1].text, said)
                self.assertEqual(reply.stop_reason, "end_turn")
                self.assertGreater(reply.usage.output_tokens, 0)

    def test_a_tool_is_called_and_its_result_is_heard(self):
        for model, path in MODELS.items():
            with on(self, model, path):
                for stream in (False, True):
                    self.assertEqual(self.calls(model, "hi", stream, tools=TOOLS[:1]), CALLS[:1])

    def test_two_tools_are_called_at_once_and_their_results_are_heard(self):
        for model, path in MODELS.items():
            with on(self, model, path):
                for stream in (False, True):
                    self.assertEqual(self.calls(model, CALL_BOTH, stream, tools=TOOLS), CALLS)

    def calls(self, model, content, stream, **asked):
        """What is called, each of which is answered, and the last answer is heard."""
        if stream:
            with self.stream(model, content, **asked) as events:
                reply = events.get_final_message()
        else:
            reply = self.ask(model, content, **asked)
        self.assertEqual(reply.stop_reason, "tool_use")
        calls = [block for block in reply.content if block.type == "tool_use"]
        results = [
            {"type": "tool_result", "tool_use_id": call.id, "content": f"sunny {number}"}
            for number, call in enumerate(calls)
        ]
        said = {"role": "assistant", "content": reply.content}
        heard = self.ask(model, messages=[*user(content), said, *user(results)], **asked)
        self.assertIn(f"the tool said: sunny {len(calls) - 1}", heard.content[-1].text)
        for number, call in enumerate(calls):
            self.assertIn(f"sunny {number}", mock.seen()[-1].text)
            self.assertIn(call.id, mock.seen()[-1].text)
        return [(call.name, call.input) for call in calls]

    def test_an_image_reaches_the_upstream_and_is_announced_to_copilot(self):
        source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
        content = [{"type": "text", "text": "look"}, {"type": "image", "source": source}]
        for model, path in MODELS.items():
            with on(self, model, path):
                self.assertIn("you said: look", self.ask(model, content).content[-1].text)
                [request] = [request for request in mock.seen() if PIXEL in request.text]
                if request.account != mock.ZAI:
                    self.assertEqual(request.header("copilot-vision-request"), "true")

    def test_a_reply_is_parsed_into_the_type_that_was_asked_for(self):
        for model, path in BY_SCHEMA.items():
            with on(self, model, path):
                asked = {"model": model, "max_tokens": 1000, "messages": user("where?")}
                reply = self.client.messages.parse(**asked, output_format=Place)
                self.assertEqual(reply.parsed_output.city, "mock")
                with self.client.messages.stream(**asked, output_format=Place) as stream:
                    self.assertEqual(stream.get_final_message().parsed_output.days, 1)

    def test_an_unknown_model_is_not_found(self):
        with self.assertRaisesRegex(anthropic.NotFoundError, "no account serves") as raised:
            self.ask("no-such-model")
        self.assertEqual(raised.exception.body["error"]["type"], "not_found_error")

    def test_an_upstreams_refusal_is_raised_in_its_words(self):
        refusal = json.dumps({"error": {"message": "no: ä", "code": "invalid_request_body"}})
        for model, path in MODELS.items():
            with on(self, model, path):
                mock.always(mock.status(400, refusal), (*mock.COPILOT, mock.ZAI))
                with self.assertRaisesRegex(anthropic.BadRequestError, "no: ä"):
                    self.ask(model)
                with self.assertRaisesRegex(anthropic.BadRequestError, "no: ä"), self.stream(model):
                    pass

    def test_a_limit_on_every_account_is_raised_as_one(self):
        mock.reset()
        body = '{"error":{"message":"slow down","code":"user_model_rate_limited"}}'
        mock.always(mock.status(429, body, retry_after="30"))
        with self.assertRaises(anthropic.RateLimitError) as raised:
            self.ask(LIMITED)
        self.assertIn(int(raised.exception.response.headers["retry-after"]), range(25, 31))
        self.assertEqual(set(mock.asked()), {RESPONSES})

    def test_a_stream_that_breaks_is_raised(self):
        for model, path in MODELS.items():
            with on(self, model, path):
                for fault in ({"error_in_stream": {"after_events": 6}}, {"cut_stream": {"after_events": 6}}):
                    mock.always(fault, (*mock.COPILOT, mock.ZAI))
                    with self.assertRaises(anthropic.APIError), self.stream(model) as stream:
                        stream.until_done()
                    journal.last_was("failed")


if __name__ == "__main__":
    journal.prove()
