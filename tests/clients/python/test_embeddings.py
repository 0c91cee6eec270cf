"""Embeddings of the unmodified `openai` package from PyPI: each test's name is its claim."""

import json
import unittest

import openai

import journal
import mock

MODEL = "text-embedding-3-small"
TEXTS = ["Grüße, 世界! 🚀", "second", "Grüße, 世界! 🚀"]


class Embeddings(unittest.TestCase):
    def setUp(self):
        mock.reset()
        self.client = journal.client()
        self.addCleanup(self.client.close)

    def embed(self, content, **more):
        return self.client.embeddings.create(model=MODEL, input=content, **more)

    def test_a_text_becomes_a_vector_and_its_tokens_are_told(self):
        reply = self.embed(TEXTS[0])
        [one] = reply.data
        self.assertEqual((len(one.embedding), one.index, reply.model), (1536, 0, MODEL))
        self.assertTrue(all(isinstance(number, float) for number in one.embedding))
        self.assertGreater(reply.usage.prompt_tokens, 0)
        self.assertEqual(set(mock.asked()), {"/embeddings"})

    def test_a_list_becomes_as_many_vectors_in_its_order(self):
        first, second, third = [item.embedding for item in self.embed(TEXTS).data]
        self.assertEqual(first, third)
        self.assertNotEqual(first, second)
        self.assertEqual(first, self.embed(TEXTS[0]).data[0].embedding)

    def test_vectors_are_the_same_whether_packed_as_the_package_asks_or_as_numbers(self):
        packed = self.embed(TEXTS).data
        numbers = self.embed(TEXTS, encoding_format="float").data
        for one, other in zip(packed, numbers, strict=True):
            for left, right in zip(one.embedding, other.embedding, strict=True):
                self.assertAlmostEqual(left, right, places=6)
        text = self.embed(TEXTS[0], encoding_format="base64").data[0].embedding
        self.assertIsInstance(text, str)

    def test_a_vector_has_as_many_numbers_as_are_asked_for(self):
        self.assertEqual(len(self.embed(TEXTS[0], dimensions=8).data[0].embedding), 8)

    def test_tokens_are_refused_with_what_to_do_instead_since_copilot_takes_texts_alone(self):
        for tokens in ([1, 2, 3], [[1, 2], [3]]):
            with self.assertRaisesRegex(openai.BadRequestError, "check_embedding_ctx_length=False"):
                self.embed(tokens)
        self.assertEqual(mock.asked(), [])

    def test_one_accounts_failure_is_never_seen(self):
        mock.queue(mock.COPILOT[0], mock.status(503, "upstream connect error"))
        for _ in mock.COPILOT:
            self.assertEqual(len(self.embed(TEXTS).data), 3)

    def test_an_upstreams_refusal_is_raised_in_its_words(self):
        refusal = json.dumps({"error": {"message": "no: ä", "code": "invalid_request_body"}})
        mock.always(mock.status(400, refusal))
        with self.assertRaisesRegex(openai.BadRequestError, "no: ä"):
            self.embed(TEXTS)

    def test_an_unknown_model_is_not_found(self):
        with self.assertRaises(openai.NotFoundError):
            self.client.embeddings.create(model="no-such-model", input="hi")


if __name__ == "__main__":
    journal.prove()
