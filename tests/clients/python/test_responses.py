"""Responses of the unmodified `openai` package from PyPI, on models that speak other dialects, too:
each test's name is its claim."""

import json
import unittest

import openai
import pydantic

import journal
import mock
from dialects import CALL_BOTH, CALLS, CHAT, CITY, MESSAGES, PIXEL, RESPONSES, TEXT, TIME, on

MODELS = {
    "gemini-3.1-pro": CHAT,
    "glm-4.7": CHAT,
    "claude-opus-4.7": MESSAGES,
    "gpt-5.3-codex": RESPONSES,
}
# Z.ai is told of a schema in words, which the simulated one does not heed.
BY_SCHEMA = {model: path for model, path in MODELS.items() if model != "glm-4.7"}
LIMITED = "claude-sonnet-5"  # rests after its test, so no other test uses it
TOOLS = [
    {"type": "function", "name": "weather", "parameters": CITY, "strict": False},
    {"type": "function", "name": "time", "parameters": TIME, "strict": False},
]


class Place(pydantic.BaseModel):
    city: str
    days: int


class Responses(unittest.TestCase):
    def setUp(self):
        self.client = journal.client()
        self.addCleanup(self.client.close)

    def ask(self, model, content=TEXT, **more):
        return self.client.responses.create(model=model, input=content, **more)

    def test_a_reply_comes_whole(self):
        for model, path in MODELS.items():
            with on(self, model, path):
                reply = self.ask(model, instructions="Be brief.")
                self.assertTrue(reply.output_text.endswith(f"you said: {TEXT}"), reply.output_text)
                self.assertEqual(reply.status, "completed")
                self.assertGreater(reply.usage.input_tokens, 0)
                self.assertGreater(reply.usage.output_tokens, 0)
                self.assertIn("Be brief.", mock.seen()[-1].text)

    def test_a_stream_is_assembled_to_the_same_reply(self):
        for model, path in MODELS.items():
            with on(self, model, path):
                with self.client.responses.stream(model=model, input=TEXT) as stream:
                    said = "".join(e.delta for e in stream if e.type == "response.output_text.delta")
                    reply = stream.get_final_response()
                self.assertTrue(said.endswith(f"you said: {TEXT}"), said)
                self.assertEqual(reply.output_text, said)
                self.assertGreater(reply.usage.output_tokens, 0)

    def test_a_tool_is_called_and_its_result_is_heard(self):
        for model, path in MODELS.items():
            with on(self, model, path):
                for stream in (False, True):
                    calls = self.calls(model, "hi", stream, tools=TOOLS[:1])
                    self.assertEqual(calls, CALLS[:1])

    def test_two_tools_are_called_at_once_and_their_results_are_heard(self):
        for model, path in MODELS.items():
            with on(self, model, path):
                for stream in (False, True):
                    calls = self.calls(model, CALL_BOTH, stream, tools=TOOLS)
                    self.assertEqual(calls, CALLS)

    def calls(self, model, content, stream, **asked):
        """What is called, each of which is answered, and the last answer is heard."""
        if stream:
            with self.client.responses.stream(model=model, input=content, **asked) as events:
                reply = events.get_final_response()
        else:
            reply = self.ask(model, content, **asked)
        calls = [item for item in reply.output if item.type == "function_call"]
        history = [{"role": "user", "content": content}, *reply.output]
        for number, call in enumerate(calls):
            result = {"type": "function_call_output", "call_id": call.call_id}
            history.append(result | {"output": f"sunny {number}"})
        heard = self.ask(model, history, **asked).output_text
        self.assertIn(f"the tool said: sunny {len(calls) - 1}", heard)
        for number, call in enumerate(calls):
            self.assertIn(f"sunny {number}", mock.seen()[-1].text)
            self.assertIn(call.call_id, mock.seen()[-1].text)
        return [(call.name, json.loads(call.arguments)) for call in calls]

    def test_a_custom_tool_is_called_with_a_text(self):
        tools = [{"type": "custom", "name": "patch", "description": "Applies a patch."}]
        others = {model: path for model, path in MODELS.items() if path != RESPONSES}
        for model, path in others.items():
            with on(self, model, path):
                [call] = self.ask(model, "hi", tools=tools).output
                self.assertEqual((call.type, call.name, call.input), ("custom_tool_call", "patch", "mock"))
                result = {"type": "custom_tool_call_output", "call_id": call.call_id, "output": "done"}
                history = [{"role": "user", "content": "hi"}, call, result]
                self.assertIn("the tool said: done", self.ask(model, history, tools=tools).output_text)

    def test_an_image_reaches_the_upstream_and_is_announced_to_copilot(self):
        image = {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}", "detail": "auto"}
        content = [{"role": "user", "content": [{"type": "input_text", "text": "look"}, image]}]
        for model, path in MODELS.items():
            with on(self, model, path):
                self.assertIn("you said: look", self.ask(model, content).output_text)
                [request] = [request for request in mock.seen() if PIXEL in request.text]
                if request.account != mock.ZAI:
                    self.assertEqual(request.header("copilot-vision-request"), "true")

    def test_a_reply_is_parsed_into_the_type_that_was_asked_for(self):
        for model, path in BY_SCHEMA.items():
            with on(self, model, path):
                asked = {"model": model, "input": "where?", "text_format": Place}
                self.assertEqual(self.client.responses.parse(**asked).output_parsed.city, "mock")
                with self.client.responses.stream(**asked) as stream:
                    self.assertEqual(stream.get_final_response().output_parsed.days, 1)

    def test_an_unknown_model_is_not_found(self):
        with self.assertRaisesRegex(openai.NotFoundError, "no account serves") as raised:
            self.ask("no-such-model")
        self.assertEqual(raised.exception.code, "model_not_found")

    def test_an_upstreams_refusal_is_raised_in_its_words(self):
        refusal = json.dumps({"error": {"message": "no: ä", "code": "invalid_request_body"}})
        for model, path in MODELS.items():
            with on(self, model, path):
                mock.always(mock.status(400, refusal), (*mock.COPILOT, mock.ZAI))
                for stream in (False, True):
                    with self.assertRaisesRegex(openai.BadRequestError, "no: ä"):
                        self.ask(model, stream=stream)

    def test_a_limit_on_every_account_is_raised_as_one(self):
        mock.reset()
        body = '{"error":{"message":"slow down","code":"user_model_rate_limited"}}'
        mock.always(mock.status(429, body, retry_after="30"))
        with self.assertRaises(openai.RateLimitError) as raised:
            self.ask(LIMITED)
        self.assertIn(int(raised.exception.response.headers["retry-after"]), range(25, 31))
        self.assertEqual(set(mock.asked()), {MESSAGES})

    def test_a_stream_that_breaks_is_raised_and_never_taken_for_a_whole_one(self):
        faults = ({"error_in_stream": {"after_events": 6}}, {"cut_stream": {"after_events": 6}})
        for model, path in MODELS.items():
            with on(self, model, path):
                for fault in faults:
                    mock.always(fault, (*mock.COPILOT, mock.ZAI))
                    types = []
                    with self.assertRaises(openai.APIError):
                        for event in self.ask(model, stream=True):
                            types.append(event.type)
                    journal.last_was("failed")
                    self.assertIn("response.output_text.delta", types)
                    self.assertNotIn("response.completed", types)


if __name__ == "__main__":
    journal.prove()
