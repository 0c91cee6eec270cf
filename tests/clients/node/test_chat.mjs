// Chats of the unmodified `openai` package from npm: each test's name is its claim.

import assert from "node:assert/strict";

import OpenAI from "openai";

import { ALONE, MODEL, chat, client, joined, stream, text, user } from "./chat.mjs";
import { claim, rejection } from "./claim.mjs";
import * as journal from "./journal.mjs";
import * as mock from "./mock.mjs";

const WEATHER = {
  type: "object",
  properties: { city: { type: "string", enum: ["Zürich"] }, days: { type: "integer" } },
};
const TIME = { type: "object", properties: { zone: { type: "string" } } };
const TOOLS = [
  { type: "function", function: { name: "weather", parameters: WEATHER } },
  { type: "function", function: { name: "time", parameters: TIME } },
];
const CALLS = [
  ["weather", { city: "Zürich", days: 1 }],
  ["time", { zone: "mock" }],
];
const TEXT = 'Grüße, 世界! 🚀 👩‍👩‍👧 e\u0301 \u2028 \u0000 "quoted" back\\slash\ttab\nline';
const PIXEL =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
// All but the usage, then `[DONE]`, and the connection stays open.
const LINGERS = {
  together: [
    { error_in_stream: { after_events: 8, body: "[DONE]" } },
    { silence_in_stream: { after_events: 9, millis: 60_000 } },
  ],
};

// Models

claim("the list of models holds those of every account once each", async () => {
  const models = [];
  for await (const model of client.models.list()) models.push(model);
  const ids = models.map((model) => model.id);
  assert.equal(new Set(ids).size, ids.length);
  for (const id of [MODEL, ALONE]) assert.ok(ids.includes(id), id);
  const providers = new Set(models.map((model) => model.x_tokn_router.provider));
  assert.deepEqual([...providers].sort(), ["github-copilot", "zai"]);
});

claim("a model is retrieved by its id and by a dated alias", async () => {
  assert.equal((await client.models.retrieve(MODEL)).id, MODEL);
  const dated = await client.models.retrieve("claude-haiku-4-5-20251001");
  assert.equal(dated.id, "claude-haiku-4.5");
});

claim("a model that nobody serves is not found and the nearest is named", async () => {
  for (const ask of [() => chat("hi", { model: "gpt-4oo" }), () => client.models.retrieve("gpt-4oo")]) {
    const error = await rejection(ask, OpenAI.NotFoundError);
    assert.equal(error.code, "model_not_found");
    assert.ok(error.message.includes(MODEL), error.message);
  }
  assert.deepEqual(await mock.chats(), []);
});

// Chat

claim("a chat is answered with text, usage and a request id", async () => {
  const reply = await chat("what?");
  assert.match(reply.choices[0].message.content, /^Hello from .*, you said: what\?$/);
  assert.equal(reply.choices[0].finish_reason, "stop");
  assert.equal(reply.model, MODEL);
  assert.ok(reply.usage.prompt_tokens > 0 && reply.usage.completion_tokens > 0);
  assert.ok(reply._request_id);
});

claim("system and developer messages reach the upstream as they are", async () => {
  const messages = [
    { role: "system", content: "Be brief." },
    { role: "developer", content: [{ type: "text", text: "Be kind." }] },
    ...user(),
  ];
  assert.match(await text("", { messages }), /you said: hi$/);
  const [request] = await mock.chats();
  assert.deepEqual(JSON.parse(request.body).messages, messages);
});

claim("text of any script survives both ways", async () => {
  for (const said of [await text(TEXT), await joined(stream(TEXT))]) {
    assert.ok(said.endsWith(`you said: ${TEXT}`), said);
  }
  for (const request of await mock.chats()) {
    assert.deepEqual(JSON.parse(request.body).messages, user(TEXT));
  }
});

claim("a body of five megabytes reaches the upstream whole", async () => {
  const long = "0123456789abcdé\n".repeat(5 << 16);
  assert.ok((await text(long)).includes("0123456789abcdé"));
  const [request] = await mock.chats();
  // Compared without a diff, which would take minutes.
  assert.ok(JSON.parse(request.body).messages[0].content === long);
});

claim("fifty requests at once each get their own answer", async () => {
  const numbers = Array.from({ length: 50 }, (_, n) => `number ${n}`);
  const replies = await Promise.all(numbers.map((number) => text(number)));
  const streams = await Promise.all(numbers.map((number) => joined(stream(number))));
  for (const said of [replies, streams]) {
    numbers.forEach((number, n) => assert.ok(said[n].endsWith(`you said: ${number}`), said[n]));
  }
});

// Streams

claim("a stream joined is the reply that is not streamed", async () => {
  const whole = [await text(), await text()];
  assert.ok(whole.includes(await joined(stream())));
  const { content, reasoning_content } = (await chat("hi", { model: ALONE })).choices[0].message;
  let [said, reasoned] = ["", ""];
  for await (const chunk of await stream("hi", { model: ALONE })) {
    said += chunk.choices[0].delta.content ?? "";
    reasoned += chunk.choices[0].delta.reasoning_content ?? "";
  }
  assert.deepEqual([said, reasoned], [content, reasoning_content]);
});

claim("without include_usage every chunk has choices and none tells usage", async () => {
  for (const more of [{}, { stream_options: { include_usage: false } }, { model: ALONE }]) {
    for await (const chunk of await stream("hi", more)) {
      assert.ok(chunk.choices.length > 0);
      assert.ok(chunk.usage == null);
    }
  }
  // It was asked of the upstream all the same, for the ledger.
  for (const request of await mock.chats()) {
    assert.deepEqual(JSON.parse(request.body).stream_options, { include_usage: true });
  }
});

claim("with include_usage the last chunk tells it", async () => {
  const chunks = [];
  const more = { stream_options: { include_usage: true } };
  for await (const chunk of await stream("hi", more)) chunks.push(chunk);
  const last = chunks.pop();
  assert.deepEqual(last.choices, []);
  assert.ok(last.usage.completion_tokens > 0);
  assert.ok(chunks.every((chunk) => chunk.usage == null));
});

claim("any legal form of a stream is understood", async () => {
  const forms = ["crlf", "cr", "comments", "one_byte_writes", "terse_fields", "no_trailing_blank_line"];
  for (const form of [...forms, { together: ["crlf", "comments", "one_byte_writes"] }]) {
    await mock.always(form);
    assert.match(await joined(stream()), /you said: hi$/, JSON.stringify(form));
  }
});

claim("a stream that is read to its end is complete though the upstream lingers", async () => {
  // The package hangs up on `[DONE]`, here long before the upstream's reply ends. That it counts
  // as complete is for the ledger to show.
  await mock.always(LINGERS);
  assert.match(await joined(stream()), /you said: hi$/);
  journal.lastToldNoUsage();
});

claim("an upstream that takes its time is waited for with comments", async () => {
  await mock.always({ silence: { millis: 1300 } }); // [server] keep_alive_secs is 1 here
  assert.match(await joined(stream()), /you said: hi$/);
});

// Tools

claim("two tools are called at once and their results are answered", async () => {
  const { message } = (await chat("hi", { tools: TOOLS, parallel_tool_calls: true })).choices[0];
  assertCalls(message);
  await answer(message);
});

claim("two tools called in a stream are assembled and their results are answered", async () => {
  const calls = [];
  let finish;
  for await (const chunk of await stream("hi", { tools: TOOLS, parallel_tool_calls: true })) {
    for (const piece of chunk.choices[0].delta.tool_calls ?? []) {
      calls[piece.index] ??= { id: "", type: "function", function: { name: "", arguments: "" } };
      const call = calls[piece.index];
      call.id += piece.id ?? "";
      call.function.name += piece.function.name ?? "";
      call.function.arguments += piece.function.arguments ?? "";
    }
    finish = chunk.choices[0].finish_reason ?? finish;
  }
  assert.equal(finish, "tool_calls");
  const message = { role: "assistant", tool_calls: calls };
  assertCalls(message);
  await answer(message);
});

claim("the package's own assembly of a stream agrees", async () => {
  const options = { model: MODEL, messages: user(), tools: TOOLS, parallel_tool_calls: true };
  const message = await client.chat.completions.stream(options).finalMessage();
  assertCalls(message);
  await answer(message);
});

claim("the package's own loop calls the tools and gets the last word", async () => {
  const called = [];
  const tools = TOOLS.map(({ type, function: { name, parameters } }, index) => {
    const run = (given) => (called.push([name, given]), ["sunny", "noon"][index]);
    return { type, function: { name, parameters, parse: JSON.parse, function: run } };
  });
  for (const stream of [false, true]) {
    const options = { model: MODEL, messages: user(), tools, parallel_tool_calls: true, stream };
    const said = await client.chat.completions.runTools(options).finalContent();
    assert.match(said, /the tool said: noon$/);
  }
  assert.deepEqual(called, [...CALLS, ...CALLS]);
});

function assertCalls(message) {
  const found = message.tool_calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)]);
  assert.deepEqual(found, CALLS);
}

/** Sends the tools' results back; the next word is the assistant's. */
async function answer(message) {
  const results = message.tool_calls.map((call, index) => {
    return { role: "tool", tool_call_id: call.id, content: ["sunny", "noon"][index] };
  });
  const messages = [...user(), message, ...results];
  assert.match(await text("", { messages, tools: TOOLS }), /the tool said: noon$/);
  const initiators = (await mock.chats()).map((request) => mock.header(request, "x-initiator"));
  assert.deepEqual(initiators, ["user", "agent"]);
}

// Images

claim("an image is announced to the upstream and a text is not", async () => {
  for (const url of [PIXEL, "https://example.com/cat.png"]) {
    const content = [{ type: "text", text: "a cat?" }, { type: "image_url", image_url: { url } }];
    assert.match(await text(content), /you said: a cat\?$/);
    assert.match(await joined(stream(content)), /you said: a cat\?$/);
  }
  await text("no image_url here");
  const requests = await mock.chats();
  const announced = requests.map((request) => mock.header(request, "copilot-vision-request"));
  assert.deepEqual(announced, ["true", "true", "true", "true", undefined]);
});

// Identity

claim("nothing of the client's identity goes upstream", async () => {
  const client = journal.client({
    organization: "org-mine",
    project: "proj-mine",
    defaultHeaders: { Cookie: "session=mine", "X-Forwarded-For": "10.9.8.7" },
  });
  for (const model of [MODEL, ALONE]) {
    await client.chat.completions.create({ model, messages: user() });
    await joined(client.chat.completions.create({ model, messages: user(), stream: true }));
  }
  for (const request of await mock.seen()) {
    for (const [name, value] of request.headers) {
      assert.ok(!name.startsWith("x-stainless"), name);
      assert.doesNotMatch(value, /openai\/|mine|10\.9\.8\.7|unused|node/i, name);
    }
  }
  const requests = await mock.chats();
  assert.equal(requests.length, 4);
  for (const request of requests.slice(0, 2)) {
    for (const name of [
      "editor-version",
      "editor-plugin-version",
      "copilot-integration-id",
      "openai-intent",
      "x-github-api-version",
      "x-interaction-type",
      "x-initiator",
    ]) {
      assert.ok(mock.header(request, name), name);
    }
    assert.match(mock.header(request, "user-agent"), /^GitHubCopilotChat\//);
  }
  for (const request of requests.slice(2)) {
    assert.match(mock.header(request, "user-agent"), /^tokn-router\//);
  }
});
