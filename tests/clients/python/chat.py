"""Asks for chats, as the tests of them do."""

import asyncio
import unittest

import journal
import mock

MODEL = "gpt-4o"  # on both Copilot accounts
ALONE = "glm-4.7"  # on the one Z.ai account


class ChatCase(unittest.TestCase):
    def setUp(self):
        mock.reset()
        self.client = journal.client()
        self.addCleanup(self.client.close)

    def chat(self, content="hi", **more):
        options = {"model": MODEL, "messages": user(content)} | more
        return self.client.chat.completions.create(**options)

    def stream(self, content="hi", **more):
        return self.chat(content, stream=True, **more)


class AsyncChatCase(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        # The debug mode of unittest's loop tells of every slow step, of which TLS set-up is one.
        asyncio.get_running_loop().set_debug(False)
        mock.reset()
        self.client = journal.async_client()
        self.addAsyncCleanup(self.client.close)

    def chat(self, content, **more):
        return self.client.chat.completions.create(model=MODEL, messages=user(content), **more)


def user(content="hi"):
    return [{"role": "user", "content": content}]


def joined(chunks):
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


def left(requests):
    return [request.disconnected for request in requests] == [True]
