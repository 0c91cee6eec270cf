// Chats of the unmodified `openai` package from npm on models whose upstreams speak Chat or do not:
// each test's name is its claim.

import assert from "node:assert/strict";

import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";

import { client, joined, user } from "./chat.mjs";
import { rejection } from "./claim.mjs";
import {
  CALLS, CALL_BOTH, CHAT, CITY, PIXEL, RESPONSES, TEXT, TIME,
  assertSawImage, claimOfEach, lastHeard,
} from "./dialects.mjs";
import * as journal from "./journal.mjs";
import * as mock from "./mock.mjs";

const MODELS = { "gpt-5.3-codex": RESPONSES, "claude-opus-4.7": CHAT, "gemini-3.1-pro": CHAT };
const TOOLS = [
  { type: "function", function: { name: "weather", parameters: CITY } },
  { type: "function", function: { name: "time", parameters: TIME } },
];
const PLACE = z.object({ city: z.string(), days: z.number() });

const { completions } = client.chat;

function ask(model, messages = user(TEXT), more = {}) {
  return completions.create({ model, messages, ...more });
}

async function assembled(model, messages, more = {}) {
  return await completions.stream({ model, messages, ...more }).finalChatCompletion();
}

claimOfEach(MODELS, "a reply comes whole and streamed", async (model) => {
  const reply = await ask(model);
  assert.ok(reply.choices[0].message.content.endsWith(`you said: ${TEXT}`));
  assert.equal(reply.choices[0].finish_reason, "stop");
  assert.ok(reply.usage.completion_tokens > 0);
  const streamed = await joined(ask(model, user(TEXT), { stream: true }));
  assert.ok(streamed.endsWith(`you said: ${TEXT}`), streamed);
});

claimOfEach(MODELS, "two tools are called at once and their results are heard", async (model) => {
  for (const get of [ask, assembled]) {
    const { message, finish_reason } = (await get(model, user(CALL_BOTH), { tools: TOOLS })).choices[0];
    assert.equal(finish_reason, "tool_calls");
    const found = message.tool_calls.map(({ function: { name, arguments: given } }) => {
      return [name, JSON.parse(given)];
    });
    assert.deepEqual(found, CALLS);
    const results = message.tool_calls.map(({ id }, number) => {
      return { role: "tool", tool_call_id: id, content: `sunny ${number}` };
    });
    const history = [...user(CALL_BOTH), message, ...results];
    const heard = await ask(model, history, { tools: TOOLS });
    assert.match(heard.choices[0].message.content, /the tool said: sunny 1/);
    const last = await lastHeard();
    for (const { tool_call_id, content } of results) {
      assert.ok(last.includes(tool_call_id) && last.includes(content));
    }
  }
});

claimOfEach(MODELS, "an image reaches the upstream", async (model) => {
  const url = `data:image/png;base64,${PIXEL}`;
  const content = [{ type: "text", text: "look" }, { type: "image_url", image_url: { url } }];
  const reply = await ask(model, user(content));
  assert.match(reply.choices[0].message.content, /you said: look/);
  await assertSawImage();
});

claimOfEach(MODELS, "a reply is parsed into the type that was asked for", async (model) => {
  const response_format = zodResponseFormat(PLACE, "place");
  const whole = await completions.parse({ model, messages: user("where?"), response_format });
  const streamed = await assembled(model, user("where?"), { response_format });
  for (const reply of [whole, streamed]) {
    assert.deepEqual(reply.choices[0].message.parsed, { city: "mock", days: 1 });
  }
});

claimOfEach(MODELS, "an upstream's refusal is raised in its words", async (model) => {
  const refusal = JSON.stringify({ error: { message: "no: ä", code: "invalid_request_body" } });
  await mock.always(mock.status(400, refusal));
  for (const stream of [false, true]) {
    const error = await rejection(() => ask(model, user(TEXT), { stream }), OpenAI.BadRequestError);
    assert.match(error.message, /no: ä/);
  }
});

claimOfEach(MODELS, "a stream that breaks is raised", async (model) => {
  for (const name of ["error_in_stream", "cut_stream"]) {
    await mock.always({ [name]: { after_events: 6 } });
    await assert.rejects(joined(ask(model, user(TEXT), { stream: true })));
    journal.lastWas("failed");
  }
});
