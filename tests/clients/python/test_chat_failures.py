"""What the unmodified `openai` package from PyPI is told of a chat that fails, and what becomes of
one that it leaves: each test's name is its claim."""

import asyncio
import json

import openai

import journal
import mock
from chat import ALONE, MODEL, AsyncChatCase, ChatCase, joined, left, user

FRESH = "gpt-4.1"  # on both Copilot accounts, and well until its one test
LIMITED = ("gpt-5.4", "gpt-5-mini")  # rest after their tests, so no other test uses them


class Errors(ChatCase):
    def test_an_upstreams_refusal_reaches_the_client_as_it_is_and_is_tried_nowhere_else(self):
        body = '{"error":  {"message":"too long: ä","code":"context_length_exceeded","extra":[1]}}'
        mock.always(mock.status(400, body))
        for stream in (False, True):
            with self.assertRaises(openai.BadRequestError) as raised:
                self.chat(stream=stream)
            self.assertEqual(raised.exception.response.text, body)
            self.assertEqual(raised.exception.body, json.loads(body)["error"])
            self.assertEqual(raised.exception.code, "context_length_exceeded")
        self.assertEqual(len(mock.chats()), 2)

    def test_a_limit_on_every_account_that_is_longer_than_the_wait_says_when_to_come_back(self):
        body = '{"error":{"message":"slow down","code":"user_model_rate_limited"}}'
        mock.always(mock.status(429, body, retry_after="30"))
        with self.assertRaises(openai.RateLimitError) as raised:
            self.chat(model=LIMITED[0])
        response = raised.exception.response
        self.assertIn(int(response.headers["retry-after"]), range(25, 31))
        self.assertEqual(raised.exception.code, "all_accounts_limited")
        self.assertEqual({request.account for request in mock.chats()}, set(mock.COPILOT))

    def test_accounts_that_are_known_to_be_at_a_limit_are_not_asked_and_the_client_is_told_when(self):
        body = '{"error":{"message":"slow down","code":"user_model_rate_limited"}}'
        mock.always(mock.status(429, body, retry_after="600"))
        for _ in range(2):
            with self.assertRaises(openai.RateLimitError) as raised:
                self.chat(model=LIMITED[1])
            self.assertEqual(raised.exception.code, "all_accounts_limited")
            self.assertIn(int(raised.exception.response.headers["retry-after"]), range(590, 601))
        self.assertEqual(len(mock.chats()), 2)

    def test_one_accounts_failure_is_never_seen(self):
        limited = '{"error":{"message":"slow down","code":"user_model_rate_limited"}}'
        asked = []
        for fault in (
            "refuse",
            "cut_body",
            mock.status(503, "upstream connect error"),
            mock.status(500, ""),
            mock.status(429, limited),
            {"html": {"status": 403}},
            mock.status(402, '{"error":{"code":"quota_exceeded"}}'),
        ):
            with self.subTest(fault=fault):
                mock.reset()
                mock.queue(mock.COPILOT[0], fault)
                for _ in mock.COPILOT:
                    self.assertIn("you said: hi", self.chat().choices[0].message.content)
                asked.append(len(mock.chats()))
        self.assert_some_were_met(asked)

    def test_an_error_inside_a_stream_before_its_content_is_never_seen(self):
        asked = []
        for fault in (
            {"error_in_stream": {"after_events": 0}},
            {"cut_stream": {"after_events": 0, "clean": False}},
            {"cut_stream": {"after_events": 0, "clean": True}},
            {"silence": {"millis": 1300, "then": mock.status(503, "")}},
        ):
            with self.subTest(fault=fault):
                mock.reset()
                mock.queue(mock.COPILOT[0], fault)
                for _ in mock.COPILOT:
                    self.assertIn("you said: hi", joined(self.stream(model=FRESH)))
                asked.append(len(mock.chats()))
        self.assert_some_were_met(asked)

    def assert_some_were_met(self, asked):
        """An account that failed rests, so a later case may pass it by: two
        requests are asked two times, or three where the fault was met."""
        self.assertLessEqual(set(asked), {2, 3})
        self.assertIn(3, asked)

    def test_an_error_inside_a_stream_after_its_content_is_raised_in_the_upstreams_words(self):
        mock.always({"error_in_stream": {"after_events": 3}})
        self.assert_breaks(openai.APIError, "The model is overloaded.")

    def test_a_stream_that_the_upstream_cuts_raises_and_never_ends_silently(self):
        for clean in (False, True):
            with self.subTest(clean=clean):
                mock.always({"cut_stream": {"after_events": 3, "clean": clean}})
                self.assert_breaks(openai.APIError, "broke off")

    def assert_breaks(self, error, words):
        text = ""
        with self.assertRaisesRegex(error, words):
            for chunk in self.stream():
                text += chunk.choices[0].delta.content or ""
        self.assertEqual(text, "Hello from ")
        journal.last_was("failed")

    def test_a_503_of_the_only_account_is_waited_out_and_then_answered(self):
        mock.queue(mock.ZAI, mock.status(503, '{"error":{"message":"no capacity"}}'))
        before = journal.count()
        reply = self.chat(model=ALONE)
        self.assertIn("you said: hi", reply.choices[0].message.content)
        self.assertEqual(len(mock.chats()), 2)
        self.assertEqual(journal.count() - before, 1)


class Leaving(ChatCase):
    def test_a_stream_that_is_closed_is_cancelled_upstream(self):
        mock.always({"slow_chunks": {"millis": 500}})
        with self.stream() as stream:
            next(iter(stream))
        journal.last_was("cancelled")
        mock.chats_until(left, "the upstream is told")

    def test_a_client_that_runs_out_of_patience_is_no_longer_worked_for(self):
        mock.always({"silence": {"millis": 60_000}})
        impatient = self.client.with_options(timeout=0.3)
        with self.assertRaises(openai.APITimeoutError):
            impatient.chat.completions.create(model=MODEL, messages=user())
        mock.chats_until(left, "the upstream is told")


class AsyncLeaving(AsyncChatCase):
    async def test_a_task_that_is_cancelled_in_mid_stream_is_cancelled_upstream(self):
        mock.always({"slow_chunks": {"millis": 500}})
        begun = asyncio.Event()

        async def read():
            async for _ in await self.chat("hi", stream=True):
                begun.set()

        task = asyncio.create_task(read())
        await asyncio.wait_for(begun.wait(), 10)
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        journal.last_was("cancelled")
        await asyncio.to_thread(mock.chats_until, left, "the upstream is told")


if __name__ == "__main__":
    journal.prove()
