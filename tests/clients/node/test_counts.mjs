// Tokens that the unmodified `@anthropic-ai/sdk` package from npm has counted, and the models that
// it lists: each test's name is its claim.

import assert from "node:assert/strict";

import Anthropic from "@anthropic-ai/sdk";

import { claim, rejection } from "./claim.mjs";
import { CITY, TEXT } from "./dialects.mjs";
import * as journal from "./journal.mjs";
import * as mock from "./mock.mjs";

const COUNTS = "claude-opus-4.7"; // its upstream counts
const ESTIMATED = ["gemini-3.1-pro", "gpt-5.3-codex", "glm-4.7"]; // theirs do not

const client = journal.anthropicClient();

async function count(model, content = TEXT, more = {}) {
  const messages = [{ role: "user", content }];
  return (await client.messages.countTokens({ model, messages, ...more })).input_tokens;
}

async function listed(options) {
  const models = [];
  for await (const model of client.models.list(options)) models.push(model);
  return models;
}

claim("tokens are counted by an upstream that counts, without a reply", async () => {
  const tools = [{ name: "weather", input_schema: CITY }];
  assert.ok((await count(COUNTS, TEXT, { system: "Be brief.", tools })) > 0);
  const asked = (await mock.works()).map((request) => request.path);
  assert.deepEqual(asked, ["/v1/messages/count_tokens"]);
});

claim("tokens are estimated for a model whose upstream does not count", async () => {
  for (const model of ESTIMATED) {
    const little = await count(model);
    assert.ok(little > 0);
    assert.ok((await count(model, TEXT.repeat(100))) > 50 * little);
  }
  assert.deepEqual(await mock.works(), []);
});

claim("an unknown model cannot be counted for", async () => {
  await rejection(() => count("no-such-model"), Anthropic.NotFoundError);
});

claim("the list of models holds those of every account once each, page by page too", async () => {
  const models = await listed();
  const ids = models.map((model) => model.id);
  assert.equal(new Set(ids).size, ids.length);
  for (const id of [COUNTS, ...ESTIMATED]) assert.ok(ids.includes(id), id);
  for (const model of models) {
    assert.ok(model.type === "model" && model.display_name && model.created_at, model.id);
  }
  assert.deepEqual(await listed({ limit: 3 }), models);
});

claim("a model is retrieved by its id and by a dated alias", async () => {
  assert.equal((await client.models.retrieve(COUNTS)).id, COUNTS);
  const dated = await client.models.retrieve("claude-haiku-4-5-20251001");
  assert.equal(dated.id, "claude-haiku-4.5");
  await rejection(() => client.models.retrieve("no-such-model"), Anthropic.NotFoundError);
});
