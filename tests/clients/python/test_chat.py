"""Chats of the unmodified `openai` package from PyPI: each test's name is its claim."""

import asyncio
import json

import openai

import journal
import mock
from chat import ALONE, MODEL, AsyncChatCase, ChatCase, joined, user

CITY = {"type": "string", "enum": ["Zürich"]}
WEATHER = {"type": "object", "properties": {"city": CITY, "days": {"type": "integer"}}}
TIME = {"type": "object", "properties": {"zone": {"type": "string"}}}
TOOLS = [
    {"type": "function", "function": {"name": "weather", "parameters": WEATHER}},
    {"type": "function", "function": {"name": "time", "parameters": TIME}},
]
CALLS = [("weather", {"city": "Zürich", "days": 1}), ("time", {"zone": "mock"})]
TEXT = "Grüße, 世界! 🚀 👩‍👩‍👧 e\u0301 \u2028 \u0000 \"quoted\" back\\slash\ttab\nline"
PIXEL = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

# All but the usage, then `[DONE]`, and the connection stays open.
LINGERS = {"together": [
    {"error_in_stream": {"after_events": 8, "body": "[DONE]"}},
    {"silence_in_stream": {"after_events": 9, "millis": 60_000}},
]}


class OpenAI(ChatCase):
    # Models

    def test_the_list_of_models_holds_those_of_every_account_once_each(self):
        models = list(self.client.models.list())
        ids = [model.id for model in models]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertLessEqual({MODEL, ALONE}, set(ids))
        providers = {model.model_extra["x_tokn_router"]["provider"] for model in models}
        self.assertEqual(providers, {"github-copilot", "zai"})

    def test_a_model_is_retrieved_by_its_id_and_by_a_dated_alias(self):
        self.assertEqual(self.client.models.retrieve(MODEL).id, MODEL)
        dated = self.client.models.retrieve("claude-haiku-4-5-20251001")
        self.assertEqual(dated.id, "claude-haiku-4.5")

    def test_a_model_that_nobody_serves_is_not_found_and_the_nearest_is_named(self):
        with self.assertRaises(openai.NotFoundError) as chat:
            self.chat(model="gpt-4oo")
        with self.assertRaises(openai.NotFoundError) as retrieve:
            self.client.models.retrieve("gpt-4oo")
        for error in (chat.exception, retrieve.exception):
            self.assertEqual(error.code, "model_not_found")
            self.assertIn(MODEL, error.message)
        self.assertEqual(mock.chats(), [])

    # Chat

    def test_a_chat_is_answered_with_text_usage_and_a_request_id(self):
        reply = self.chat("what?")
        self.assertRegex(reply.choices[0].message.content, "^Hello from .*, you said: what.$")
        self.assertEqual(reply.choices[0].finish_reason, "stop")
        self.assertEqual(reply.model, MODEL)
        self.assertGreater(reply.usage.prompt_tokens, 0)
        self.assertGreater(reply.usage.completion_tokens, 0)
        self.assertTrue(reply._request_id)

    def test_an_alias_is_served_by_the_model_that_it_means(self):
        self.assertEqual(self.chat(model="claude-haiku-4-5-20251001").model, "claude-haiku-4.5")

    def test_system_and_developer_messages_reach_the_upstream_as_they_are(self):
        messages = [
            {"role": "system", "content": "Be brief."},
            {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
            *user(),
        ]
        self.assertIn("you said: hi", self.chat(messages=messages).choices[0].message.content)
        self.assertEqual(mock.chats()[0].json()["messages"], messages)

    def test_accounts_take_turns(self):
        replies = [self.chat().choices[0].message.content for _ in range(4)]
        self.assertEqual(replies[:2], replies[2:])
        self.assertNotEqual(replies[0], replies[1])

    def test_the_upstreams_limits_and_request_ids_reach_the_client(self):
        headers = self.client.chat.completions.with_raw_response.create(
            model=MODEL, messages=user()
        ).headers
        self.assertEqual(headers["x-ratelimit-remaining-requests"], "4999")
        self.assertIn("x-github-request-id", headers)
        self.assertIn("x-request-id", headers)

    def test_text_of_any_script_survives_both_ways(self):
        whole = self.chat(TEXT).choices[0].message.content
        streamed = joined(self.stream(TEXT))
        for text in (whole, streamed):
            self.assertTrue(text.endswith(f"you said: {TEXT}"), text)
        for request in mock.chats():
            self.assertEqual(request.json()["messages"], user(TEXT))

    def test_a_body_of_five_megabytes_reaches_the_upstream_whole(self):
        text = "0123456789abcdé\n" * (5 << 16)
        self.assertIn("0123456789abcdé", self.chat(text).choices[0].message.content)
        # Compared without a diff, which would take minutes.
        self.assertTrue(mock.chats()[0].json()["messages"] == user(text))

    # Streams

    def test_a_stream_joined_is_the_reply_that_is_not_streamed(self):
        whole = {self.chat().choices[0].message.content for _ in mock.COPILOT}
        self.assertIn(joined(self.stream()), whole)
        whole = self.chat(model=ALONE).choices[0].message
        chunks = list(self.stream(model=ALONE))
        self.assertEqual(joined(chunks), whole.content)
        deltas = [chunk.choices[0].delta.model_extra or {} for chunk in chunks]
        reasoning = "".join(delta.get("reasoning_content", "") for delta in deltas)
        self.assertEqual(reasoning, whole.reasoning_content)

    def test_without_include_usage_every_chunk_has_choices_and_none_tells_usage(self):
        for more in ({}, {"stream_options": {"include_usage": False}}, {"model": ALONE}):
            for chunk in self.stream(**more):
                self.assertTrue(chunk.choices, more)
                self.assertIsNone(chunk.usage, more)
        # It was asked of the upstream all the same, for the ledger.
        options = [request.json()["stream_options"] for request in mock.chats()]
        self.assertEqual(options, [{"include_usage": True}] * 3)

    def test_with_include_usage_the_last_chunk_tells_it(self):
        *others, last = self.stream(stream_options={"include_usage": True})
        self.assertEqual(last.choices, [])
        self.assertGreater(last.usage.completion_tokens, 0)
        self.assertTrue(all(chunk.usage is None for chunk in others))

    def test_any_legal_form_of_a_stream_is_understood(self):
        forms = ("crlf", "cr", "comments", "one_byte_writes", "terse_fields", "no_trailing_blank_line")
        for form in (*forms, {"together": ["crlf", "comments", "one_byte_writes"]}):
            with self.subTest(form=form):
                mock.always(form)
                self.assertIn("you said: hi", joined(self.stream()))

    def test_a_stream_that_is_read_to_its_end_is_complete_though_the_upstream_lingers(self):
        # The package hangs up on `[DONE]`, here long before the upstream's reply ends. That it
        # counts as complete is for the ledger to show.
        mock.always(LINGERS)
        self.assertIn("you said: hi", joined(self.stream()))
        journal.last_told_no_usage()

    def test_an_upstream_that_takes_its_time_is_waited_for_with_comments(self):
        mock.always({"silence": {"millis": 1300}})  # [server] keep_alive_secs is 1 here
        self.assertIn("you said: hi", joined(self.stream()))

    # Tools

    def test_two_tools_are_called_at_once_and_their_results_are_answered(self):
        message = self.chat(tools=TOOLS, parallel_tool_calls=True).choices[0].message
        calls = message.tool_calls
        found = [(call.function.name, json.loads(call.function.arguments)) for call in calls]
        self.assertEqual(found, CALLS)
        self.answer(message)

    def test_two_tools_called_in_a_stream_are_assembled_and_their_results_are_answered(self):
        calls = {}
        finish = None
        for chunk in self.stream(tools=TOOLS, parallel_tool_calls=True):
            for piece in chunk.choices[0].delta.tool_calls or ():
                call = calls.setdefault(piece.index, {"id": "", "name": "", "arguments": ""})
                call["id"] += piece.id or ""
                call["name"] += piece.function.name or ""
                call["arguments"] += piece.function.arguments or ""
            finish = chunk.choices[0].finish_reason or finish
        self.assertEqual(finish, "tool_calls")
        calls = [calls[index] for index in range(2)]
        self.assertEqual([(call["name"], json.loads(call["arguments"])) for call in calls], CALLS)
        functions = [{"name": call["name"], "arguments": call["arguments"]} for call in calls]
        self.answer({"role": "assistant", "tool_calls": [
            {"id": call["id"], "type": "function", "function": function}
            for call, function in zip(calls, functions)
        ]})

    def test_the_packages_own_assembly_of_a_stream_agrees(self):
        options = {"model": MODEL, "messages": user(), "tools": TOOLS, "parallel_tool_calls": True}
        with self.client.chat.completions.stream(**options) as stream:
            message = stream.get_final_completion().choices[0].message
        calls = message.tool_calls
        found = [(call.function.name, json.loads(call.function.arguments)) for call in calls]
        self.assertEqual(found, CALLS)
        self.answer(message)

    def answer(self, message):
        """Sends the tools' results back; the next word is the assistant's."""
        ids = [call["id"] for call in message["tool_calls"]] if isinstance(message, dict) else [
            call.id for call in message.tool_calls
        ]
        results = zip(ids, ("sunny", "noon"))
        tools = [{"role": "tool", "tool_call_id": id, "content": text} for id, text in results]
        reply = self.chat(messages=[*user(), message, *tools], tools=TOOLS)
        self.assertIn("the tool said: noon", reply.choices[0].message.content)
        initiators = [request.header("x-initiator") for request in mock.chats()]
        self.assertEqual(initiators, ["user", "agent"])

    # Images

    def test_an_image_is_announced_to_the_upstream_and_a_text_is_not(self):
        for url in (PIXEL, "https://example.com/cat.png"):
            image = {"type": "image_url", "image_url": {"url": url}}
            content = [{"type": "text", "text": "a cat?"}, image]
            self.assertIn("you said: a cat?", self.chat(content).choices[0].message.content)
            self.assertIn("you said: a cat?", joined(self.stream(content)))
        self.chat("no image_url here")
        announced = [request.header("copilot-vision-request") for request in mock.chats()]
        self.assertEqual(announced, ["true"] * 4 + [None])

    # Identity

    def test_nothing_of_the_clients_identity_goes_upstream(self):
        client = journal.client(
            organization="org-mine",
            project="proj-mine",
            default_headers={"Cookie": "session=mine", "X-Forwarded-For": "10.9.8.7"},
        )
        self.addCleanup(client.close)
        for model in (MODEL, ALONE):
            client.chat.completions.create(model=model, messages=user())
            list(client.chat.completions.create(model=model, messages=user(), stream=True))
        for request in mock.seen():
            for name, value in request.headers:
                self.assertFalse(name.startswith("x-stainless"), name)
                for word in ("openai/", "mine", "10.9.8.7", "unused", "python"):
                    self.assertNotIn(word, value.lower(), name)
        requests = mock.chats()
        self.assertEqual(len(requests), 4)
        for request in requests[:2]:
            for name in (
                "editor-version",
                "editor-plugin-version",
                "copilot-integration-id",
                "openai-intent",
                "x-github-api-version",
                "x-interaction-type",
                "x-initiator",
            ):
                self.assertTrue(request.header(name), name)
            self.assertRegex(request.header("user-agent"), "^GitHubCopilotChat/")
        for request in requests[2:]:
            self.assertRegex(request.header("user-agent"), "^tokn-router/")


class AsyncOpenAI(AsyncChatCase):
    async def test_fifty_requests_at_once_each_get_their_own_answer(self):
        replies = await asyncio.gather(*(self.chat(f"number {n}") for n in range(50)))
        for n, reply in enumerate(replies):
            content = reply.choices[0].message.content
            self.assertTrue(content.endswith(f"you said: number {n}"), content)
        accounts = [request.account for request in mock.chats()]
        self.assertEqual([accounts.count(account) for account in mock.COPILOT], [25, 25])

    async def test_fifty_streams_at_once_each_get_their_own_answer(self):
        async def read(n):
            stream = await self.chat(f"number {n}", stream=True)
            return joined([chunk async for chunk in stream])

        for n, text in enumerate(await asyncio.gather(*map(read, range(50)))):
            self.assertTrue(text.endswith(f"you said: number {n}"), text)


if __name__ == "__main__":
    journal.prove()
