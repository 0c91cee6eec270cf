// The models that the tests of a dialect ask: of each what its upstream speaks.

import assert from "node:assert/strict";

import { claim } from "./claim.mjs";
import * as mock from "./mock.mjs";

export const [CHAT, RESPONSES, MESSAGES] = ["/chat/completions", "/responses", "/v1/messages"];

export const TEXT = 'Grüße, 世界! 🚀 👩‍👩‍👧 e\u0301 "quoted" back\\slash\ttab\nline';
export const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
export const CITY = { type: "object", properties: { city: { type: "string", enum: ["Zürich"] } } };
export const TIME = { type: "object", properties: { zone: { type: "string" } } };
// Words on which the simulated models call both tools at once, and what they call then.
export const CALL_BOTH = 'call weather with {"city": "Zürich"} and call time with {"zone": "mock"}';
export const CALLS = [
  ["weather", { city: "Zürich" }],
  ["time", { zone: "mock" }],
];

/** A claim of each model, after which its upstream must have been asked in its dialect alone. */
export function claimOfEach(models, name, prove) {
  for (const [model, path] of Object.entries(models)) {
    claim(`${model}: ${name}`, async () => {
      await prove(model);
      const asked = (await mock.works()).map((request) => request.path);
      assert.deepEqual([...new Set(asked)], [path]);
    });
  }
}

/** What was said last to the upstream. */
export async function lastHeard() {
  return (await mock.works()).at(-1).body;
}

/** The image went upstream, and was announced where that is Copilot. */
export async function assertSawImage() {
  const [request] = await mock.works();
  assert.ok(request.body.includes(PIXEL));
  if (request.account !== mock.ZAI) {
    assert.equal(mock.header(request, "copilot-vision-request"), "true");
  }
}
