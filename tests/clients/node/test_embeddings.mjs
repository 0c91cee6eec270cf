// Embeddings of the unmodified `openai` package from npm: each test's name is its claim.

import assert from "node:assert/strict";

import OpenAI from "openai";

import { client } from "./chat.mjs";
import { claim, rejection } from "./claim.mjs";
import * as mock from "./mock.mjs";

const MODEL = "text-embedding-3-small";
const TEXTS = ["Grüße, 世界! 🚀", "second", "Grüße, 世界! 🚀"];

async function embed(input, more = {}) {
  return await client.embeddings.create({ model: MODEL, input, ...more });
}

const vectors = async (...asked) => (await embed(...asked)).data.map((item) => item.embedding);

claim("a text becomes a vector and its tokens are told", async () => {
  const reply = await embed(TEXTS[0]);
  assert.deepEqual([reply.data.length, reply.data[0].embedding.length], [1, 1536]);
  assert.equal(reply.model, MODEL);
  assert.ok(reply.usage.prompt_tokens > 0);
});

claim("a list becomes as many vectors in its order", async () => {
  const [first, second, third] = await vectors(TEXTS);
  assert.deepEqual(first, third);
  assert.notDeepEqual(first, second);
  assert.deepEqual(await vectors(TEXTS[0]), [first]);
});

claim("vectors are the same whether packed as the package asks or as numbers", async () => {
  const [packed] = await vectors(TEXTS);
  const [numbers] = await vectors(TEXTS, { encoding_format: "float" });
  assert.equal(packed.length, numbers.length);
  packed.forEach((number, at) => assert.ok(Math.abs(number - numbers[at]) < 1e-6));
  const [text] = await vectors(TEXTS, { encoding_format: "base64" });
  assert.equal(typeof text, "string");
});

claim("a vector has as many numbers as are asked for", async () => {
  assert.equal((await vectors(TEXTS[0], { dimensions: 8 }))[0].length, 8);
});

claim("tokens are refused with what to do instead, since Copilot takes texts alone", async () => {
  for (const tokens of [[1, 2, 3], [[1, 2], [3]]]) {
    const error = await rejection(() => embed(tokens), OpenAI.BadRequestError);
    assert.match(error.message, /check_embedding_ctx_length=False/);
  }
  assert.deepEqual(await mock.works(), []);
});

claim("one account's failure is never seen", async () => {
  await mock.queue(mock.COPILOT[0], mock.status(503, "upstream connect error"));
  for (const _ of mock.COPILOT) assert.equal((await vectors(TEXTS)).length, 3);
});

claim("an unknown model is not found", async () => {
  const ask = () => client.embeddings.create({ model: "no-such-model", input: "hi" });
  await rejection(ask, OpenAI.NotFoundError);
});
