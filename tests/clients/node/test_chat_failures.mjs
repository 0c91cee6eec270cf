// What the unmodified `openai` package from npm is told of a chat that fails, and what becomes of
// one that it leaves: each test's name is its claim.

import assert from "node:assert/strict";

import OpenAI from "openai";

import { ALONE, MODEL, chat, client, joined, stream, text, user } from "./chat.mjs";
import { claim, rejection } from "./claim.mjs";
import * as journal from "./journal.mjs";
import * as mock from "./mock.mjs";

const LIMITED = "gemini-3.1-pro"; // rests after its test, so no other test uses it
const FRESH = "claude-haiku-4.5"; // on both Copilot accounts, and well until its one test

// Errors

claim("an upstream's refusal reaches the client as it is and is tried nowhere else", async () => {
  const error = { message: "too long: ä", code: "context_length_exceeded", extra: [1] };
  await mock.always(mock.status(400, JSON.stringify({ error })));
  for (const streamed of [false, true]) {
    const raised = await rejection(() => chat("hi", { stream: streamed }), OpenAI.BadRequestError);
    assert.deepEqual(raised.error, error);
    assert.equal(raised.code, "context_length_exceeded");
  }
  assert.equal((await mock.chats()).length, 2);
});

claim("a limit on every account that is longer than the wait says when to come back", async () => {
  const error = { message: "slow down", code: "user_model_rate_limited" };
  await mock.always(mock.status(429, JSON.stringify({ error }), { "retry-after": "30" }));
  const raised = await rejection(() => chat("hi", { model: LIMITED }), OpenAI.RateLimitError);
  const seconds = Number(raised.headers.get("retry-after"));
  assert.ok(seconds >= 25 && seconds <= 30, String(seconds));
  assert.equal(raised.code, "all_accounts_limited");
  const accounts = (await mock.chats()).map((request) => request.account);
  assert.deepEqual(accounts.sort(), [...mock.COPILOT].sort());
});

claim("one account's failure is never seen", async () => {
  const limited = '{"error":{"message":"slow down","code":"user_model_rate_limited"}}';
  const asked = [];
  for (const fault of ["refuse", "cut_body", mock.status(503, ""), mock.status(429, limited)]) {
    await mock.reset();
    await mock.queue(mock.COPILOT[0], fault);
    for (const _ of mock.COPILOT) assert.match(await text(), /you said: hi$/);
    asked.push((await mock.chats()).length);
  }
  assertSomeWereMet(asked);
});

claim("an error inside a stream before its content is never seen", async () => {
  const asked = [];
  for (const fault of [
    { error_in_stream: { after_events: 0 } },
    { cut_stream: { after_events: 0, clean: false } },
    { cut_stream: { after_events: 0, clean: true } },
    { silence: { millis: 1300, then: mock.status(503, "") } },
  ]) {
    await mock.reset();
    await mock.queue(mock.COPILOT[0], fault);
    for (const _ of mock.COPILOT) {
      assert.match(await joined(stream("hi", { model: FRESH })), /you said: hi$/);
    }
    asked.push((await mock.chats()).length);
  }
  assertSomeWereMet(asked);
});

claim("an error inside a stream after its content is raised in the upstream's words", async () => {
  await mock.always({ error_in_stream: { after_events: 3 } });
  await assertBreaks(/The model is overloaded\./);
});

claim("a stream that the upstream cuts raises and never ends silently", async () => {
  for (const clean of [false, true]) {
    await mock.always({ cut_stream: { after_events: 3, clean } });
    await assertBreaks(/broke off/);
  }
});

claim("a 503 of the only account is waited out and then answered", async () => {
  await mock.queue(mock.ZAI, mock.status(503, '{"error":{"message":"no capacity"}}'));
  const before = journal.count();
  const reply = await chat("hi", { model: ALONE });
  assert.match(reply.choices[0].message.content, /you said: hi$/);
  assert.equal((await mock.chats()).length, 2);
  assert.equal(journal.count() - before, 1);
});

// An account that failed rests, so a later case may pass it by: two requests
// are asked two times, or three where the fault was met.
function assertSomeWereMet(asked) {
  assert.ok(asked.every((times) => times === 2 || times === 3), String(asked));
  assert.ok(asked.includes(3), String(asked));
}

async function assertBreaks(words) {
  let said = "";
  const error = await rejection(async () => {
    for await (const chunk of await stream()) said += chunk.choices[0].delta.content ?? "";
  }, OpenAI.APIError);
  assert.match(error.message, words);
  assert.equal(said, "Hello from ");
  journal.lastWas("failed");
}

// Leaving

claim("a stream that is left is cancelled upstream", async () => {
  await mock.always({ slow_chunks: { millis: 500 } });
  for await (const _ of await stream()) break;
  journal.lastWas("cancelled");
  await mock.left();
});

claim("a stream that is aborted is cancelled upstream", async () => {
  await mock.always({ slow_chunks: { millis: 500 } });
  const leaving = new AbortController();
  const options = { model: MODEL, messages: user(), stream: true };
  const reading = await client.chat.completions.create(options, { signal: leaving.signal });
  for await (const _ of reading) leaving.abort();
  journal.lastWas("cancelled");
  await mock.left();
});

claim("a client that runs out of patience is no longer worked for", async () => {
  await mock.always({ silence: { millis: 60_000 } });
  const options = { model: MODEL, messages: user() };
  const ask = () => client.chat.completions.create(options, { timeout: 300 });
  await rejection(ask, OpenAI.APIConnectionTimeoutError);
  await mock.left();
});
