// Responses of the unmodified `openai` package from npm, on models that speak other dialects, too:
// each test's name is its claim.

import assert from "node:assert/strict";

import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
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
  "claude-opus-4.7": MESSAGES,
  "gpt-5.3-codex": RESPONSES,
};
// Z.ai is told of a schema in words, which the simulated one does not heed.
const { "glm-4.7": _, ...BY_SCHEMA } = MODELS;
const { "gpt-5.3-codex": __, ...OTHERS } = MODELS;
const LIMITED = "claude-sonnet-5"; // rests after its test, so no other test uses it
const TOOLS = [
  { type: "function", name: "weather", parameters: CITY, strict: false },
  { type: "function", name: "time", parameters: TIME, strict: false },
];
const PLACE = z.object({ city: z.string(), days: z.number() });

const client = journal.client();

function ask(model, input = TEXT, more = {}) {
  return client.responses.create({ model, input, ...more });
}

async function assembled(model, input = TEXT, more = {}) {
  return await client.responses.stream({ model, input, ...more }).finalResponse();
}

claimOfEach(MODELS, "a reply comes whole", async (model) => {
  const reply = await ask(model, TEXT, { instructions: "Be brief." });
  assert.ok(reply.output_text.endsWith(`you said: ${TEXT}`), reply.output_text);
  assert.equal(reply.status, "completed");
  assert.ok(reply.usage.input_tokens > 0 && reply.usage.output_tokens > 0);
  assert.ok((await lastHeard()).includes("Be brief."));
});

claimOfEach(MODELS, "a stream is assembled to the same reply", async (model) => {
  const stream = client.responses.stream({ model, input: TEXT });
  let said = "";
  stream.on("response.output_text.delta", (event) => (said += event.delta));
  const reply = await stream.finalResponse();
  assert.ok(said.endsWith(`you said: ${TEXT}`), said);
  assert.equal(reply.output_text, said);
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
  const reply = await get(model, content, { tools });
  const called = reply.output.filter((item) => item.type === "function_call");
  const results = called.map(({ call_id }, number) => {
    return { type: "function_call_output", call_id, output: `sunny ${number}` };
  });
  const history = [{ role: "user", content }, ...reply.output, ...results];
  const heard = (await ask(model, history, { tools })).output_text;
  assert.ok(heard.includes(`the tool said: sunny ${called.length - 1}`), heard);
  const last = await lastHeard();
  called.forEach(({ call_id }, number) => {
    assert.ok(last.includes(`sunny ${number}`) && last.includes(call_id));
  });
  return called.map((call) => [call.name, JSON.parse(call.arguments)]);
}

claimOfEach(OTHERS, "a custom tool is called with a text", async (model) => {
  const tools = [{ type: "custom", name: "patch", description: "Applies a patch." }];
  const [call] = (await ask(model, "hi", { tools })).output;
  assert.deepEqual([call.type, call.name, call.input], ["custom_tool_call", "patch", "mock"]);
  const result = { type: "custom_tool_call_output", call_id: call.call_id, output: "done" };
  const history = [{ role: "user", content: "hi" }, call, result];
  assert.match((await ask(model, history, { tools })).output_text, /the tool said: done/);
});

claimOfEach(MODELS, "an image reaches the upstream", async (model) => {
  const image_url = `data:image/png;base64,${PIXEL}`;
  const content = [
    { type: "input_text", text: "look" },
    { type: "input_image", image_url, detail: "auto" },
  ];
  assert.match((await ask(model, [{ role: "user", content }])).output_text, /you said: look/);
  await assertSawImage();
});

claimOfEach(BY_SCHEMA, "a reply is parsed into the type that was asked for", async (model) => {
  const text = { format: zodTextFormat(PLACE, "place") };
  const whole = await client.responses.parse({ model, input: "where?", text });
  const streamed = await assembled(model, "where?", { text });
  for (const reply of [whole, streamed]) {
    assert.deepEqual(reply.output_parsed, { city: "mock", days: 1 });
  }
});

claim("an unknown model is not found", async () => {
  const error = await rejection(() => ask("no-such-model"), OpenAI.NotFoundError);
  assert.match(error.message, /no account serves/);
  assert.equal(error.code, "model_not_found");
});

claimOfEach(MODELS, "an upstream's refusal is raised in its words", async (model) => {
  const refusal = JSON.stringify({ error: { message: "no: ä", code: "invalid_request_body" } });
  await mock.always(mock.status(400, refusal), [...mock.COPILOT, mock.ZAI]);
  for (const stream of [false, true]) {
    const error = await rejection(() => ask(model, TEXT, { stream }), OpenAI.BadRequestError);
    assert.match(error.message, /no: ä/);
  }
});

claim("a limit on every account is raised as one", async () => {
  const error = { message: "slow down", code: "user_model_rate_limited" };
  await mock.always(mock.status(429, JSON.stringify({ error }), { "retry-after": "30" }));
  const raised = await rejection(() => ask(LIMITED), OpenAI.RateLimitError);
  const seconds = Number(raised.headers.get("retry-after"));
  assert.ok(seconds >= 25 && seconds <= 30, String(seconds));
});

claimOfEach(MODELS, "a stream that breaks is raised, never taken for a whole one", async (model) => {
  for (const name of ["error_in_stream", "cut_stream"]) {
    await mock.always({ [name]: { after_events: 6 } }, [...mock.COPILOT, mock.ZAI]);
    const types = [];
    await assert.rejects(async () => {
      for await (const event of await ask(model, TEXT, { stream: true })) types.push(event.type);
    });
    journal.lastWas("failed");
    assert.ok(types.includes("response.output_text.delta"));
    assert.ok(!types.includes("response.completed"));
  }
});
