// A claim that a suite proves, and the count of them.

import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";

import * as journal from "./journal.mjs";
import * as mock from "./mock.mjs";

let [passed, failed] = [0, 0];

beforeEach(mock.reset);
after(() => journal.write(process.env.JOURNAL, passed, failed));

export function claim(name, prove) {
  test(name, async () => {
    try {
      await prove();
      passed += 1;
    } catch (error) {
      failed += 1;
      throw error;
    }
  });
}

/** The error, of this kind, that the asking ends in. */
export async function rejection(ask, kind) {
  const error = await ask().then(() => assert.fail("it did not throw"), (error) => error);
  assert.ok(error instanceof kind, String(error));
  return error;
}
