"""Tokens that the unmodified `anthropic` package from PyPI has counted, and the models that it
lists: each test's name is its claim."""

import unittest

import anthropic

import journal
import mock
from dialects import CITY, TEXT

COUNTS = "claude-opus-4.7"  # its upstream counts
ESTIMATED = ("gemini-3.1-pro", "gpt-5.3-codex", "glm-4.7")  # theirs do not


class Counts(unittest.TestCase):
    def setUp(self):
        mock.reset()
        self.client = journal.anthropic_client()
        self.addCleanup(self.client.close)

    def count(self, model, content=TEXT, **more):
        messages = [{"role": "user", "content": content}]
        return self.client.messages.count_tokens(model=model, messages=messages, **more).input_tokens

    def test_tokens_are_counted_by_an_upstream_that_counts_without_a_reply(self):
        tools = [{"name": "weather", "input_schema": CITY}]
        self.assertGreater(self.count(COUNTS, system="Be brief.", tools=tools), 0)
        self.assertEqual(set(mock.asked()), {"/v1/messages/count_tokens"})

    def test_tokens_are_estimated_for_a_model_whose_upstream_does_not_count(self):
        for model in ESTIMATED:
            little = self.count(model)
            much = self.count(model, TEXT * 100)
            self.assertGreater(little, 0)
            self.assertGreater(much, 50 * little)
        self.assertEqual(mock.asked(), [])

    def test_an_unknown_model_is_not_found(self):
        with self.assertRaises(anthropic.NotFoundError):
            self.count("no-such-model")


class Models(unittest.TestCase):
    def setUp(self):
        self.client = journal.anthropic_client()
        self.addCleanup(self.client.close)

    def test_the_list_of_models_holds_those_of_every_account_once_each(self):
        models = list(self.client.models.list())
        ids = [model.id for model in models]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertLessEqual({COUNTS, *ESTIMATED}, set(ids))
        for model in models:
            self.assertEqual(model.type, "model")
            self.assertTrue(model.display_name)
            self.assertTrue(model.created_at)

    def test_the_list_is_the_same_page_by_page(self):
        whole = [model.id for model in self.client.models.list()]
        pages = [model.id for model in self.client.models.list(limit=3)]
        self.assertEqual(whole, pages)

    def test_a_model_is_retrieved_by_its_id_and_by_a_dated_alias(self):
        self.assertEqual(self.client.models.retrieve(COUNTS).id, COUNTS)
        dated = self.client.models.retrieve("claude-haiku-4-5-20251001")
        self.assertEqual(dated.id, "claude-haiku-4.5")
        with self.assertRaises(anthropic.NotFoundError):
            self.client.models.retrieve("no-such-model")


if __name__ == "__main__":
    journal.prove()
