// Messages of the unmodified `@anthropic-ai/sdk` package from npm, on models that speak other
// dialects, too: each test's name is its claim.

import assert from "node:assert/strict";

import Anthropic from "@anthropic-ai/sdk";
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod";
import { z } from "zod";

import { claim, rejection } from "./claim.mjs";
import {
  CALLS, CALL_BOTH, CHAT, CITY, MESSAGES, PIXEL, RESPONSES, TEXT, TIME,
  assertSawImage, claimOfEach, lastHeard,
} from "./dialects.mjs";
import * as journal from "./journal.mjs";
import * as mock from "./mock.mjs";

const MODELS = {
  "gemini-3.1-pro": CHAT,
  "glm-4.7": CHAT,
  "gpt-5.3-codex": RESPONSES,
  "claude-opus-4.7": MESSAGES,
};
// Z.ai is told of a schema in words, which the simulated one does not heed.
const { "glm-4.7": _, ...BY_SCHEMA } = MODELS;
const LIMITED = "gpt-5.4"; // rests after its test, so no other test uses it
const TOOLS = [
  { name: "weather", input_schema: CITY },
  { name: "time", input_schema: TIME },
];
const PLACE = z.object({ city: z.string(), days: z.number() });

const client = journal.anthropicClient();

const user = (content) => [{ role: "user", content }];

function request(model, messages = user(TEXT), more = {}) {
  return { model, max_tokens: 1000, messages, ...more };
}

async function ask(...asked) {
  return await client.messages.create(request(...asked));
}

async function assembled(...asked) {
  return await client.messages.stream(request(...asked)).finalMessage();
}

claimOfEach(MODELS, "a reply comes whole", async (model) => {
  const reply = await ask(model, user(TEXT), { system: "Be brief." });
  const said = reply.content.at(-1).text;
  assert.ok(said.endsWith(`you said: ${TEXT}`), said);
  assert.deepEqual([reply.role, reply.stop_reason], ["assistant", "end_turn"]);
  assert.ok(reply.usage.input_tokens > 0 && reply.usage.output_tokens > 0);
  assert.ok((await lastHeard()).includes("Be brief."));
});

claimOfEach(MODELS, "a stream is assembled to the same reply", async (model) => {
  let said = "";
  const stream = client.messages.stream(request(model)).on("text", (text) => (said += text));
  const reply = await stream.finalMessage();
  assert.ok(said.endsWith(`you said: ${TEXT}`), said);
  assert.equal(reply.content.at(-1).text, said);
  assert.equal(reply.stop_reason, "end_turn");
  assert.ok(reply.usage.output_tokens > 0);
});

claimOfEach(MODELS, "a tool is called and its result is heard", async (model) => {
  for (const get of [ask, assembled]) {
    assert.deepEqual(await calls(get, model, "hi", TOOLS.slice(0, 1)), CALLS.slice(0, 1));
  }
});

claimOfEach(MODELS, "two tools are called at once and their results are heard", async (model) => {
  for (const get of [ask, assembled]) {
    assert.deepEqual(await calls(get, model, CALL_BOTH, TOOLS), CALLS);
  }
});

/** What is called, each of which is answered, and the last answer is heard. */
async function calls(get, model, content, tools) {
  const reply = await get(model, user(content), { tools });
  assert.equal(reply.stop_reason, "tool_use");
  const called = reply.content.filter((block) => block.type === "tool_use");
  const results = called.map(({ id }, number) => {
    return { type: "tool_result", tool_use_id: id, content: `sunny ${number}` };
  });
  const said = { role: "assistant", content: reply.content };
  const heard = await ask(model, [...user(content), said, ...user(results)], { tools });
  const { text } = heard.content.at(-1);
  assert.ok(text.includes(`the tool said: sunny ${called.length - 1}`), text);
  const last = await lastHeard();
  called.forEach(({ id }, number) => {
    assert.ok(last.includes(`sunny ${number}`) && last.includes(id));
  });
  return called.map((call) => [call.name, call.input]);
}

claimOfEach(MODELS, "an image reaches the upstream", async (model) => {
  const source = { type: "base64", media_type: "image/png", data: PIXEL };
  const content = [{ type: "text", text: "look" }, { type: "image", source }];
  assert.match((await ask(model, user(content))).content.at(-1).text, /you said: look/);
  await assertSawImage();
});

claimOfEach(BY_SCHEMA, "a reply is parsed into the type that was asked for", async (model) => {
  const asked = request(model, user("where?"), {
    output_config: { format: zodOutputFormat(PLACE) },
  });
  const whole = await client.messages.parse(asked);
  const streamed = await client.messages.stream(asked).finalMessage();
  for (const reply of [whole, streamed]) {
    assert.deepEqual(reply.parsed_output, { city: "mock", days: 1 });
  }
});

claim("an unknown model is not found", async () => {
  const error = await rejection(() => ask("no-such-model"), Anthropic.NotFoundError);
  assert.match(error.message, /no account serves/);
  assert.equal(error.error.error.type, "not_found_error");
});

claimOfEach(MODELS, "an upstream's refusal is raised in its words", async (model) => {
  const refusal = JSON.stringify({ error: { message: "no: ä", code: "invalid_request_body" } });
  await mock.always(mock.status(400, refusal), [...mock.COPILOT, mock.ZAI]);
  for (const get of [ask, assembled]) {
    const error = await rejection(() => get(model), Anthropic.BadRequestError);
    assert.match(error.message, /no: ä/);
  }
});

claim("a limit on every account is raised as one", async () => {
  const error = { message: "slow down", code: "user_model_rate_limited" };
  await mock.always(mock.status(429, JSON.stringify({ error }), { "retry-after": "30" }));
  const raised = await rejection(() => ask(LIMITED), Anthropic.RateLimitError);
  const seconds = Number(raised.headers.get("retry-after"));
  assert.ok(seconds >= 25 && seconds <= 30, String(seconds));
});

claimOfEach(MODELS, "a stream that breaks is raised", async (model) => {
  for (const name of ["error_in_stream", "cut_stream"]) {
    await mock.always({ [name]: { after_events: 6 } }, [...mock.COPILOT, mock.ZAI]);
    await rejection(() => assembled(model), Anthropic.AnthropicError);
    journal.lastWas("failed");
  }
});
