// What the suite asked of the router: the ledger must hold the same, one for one.
//
// The clients are the SDKs' own, on Node's own fetch, which is only looked at.

import { writeFileSync } from "node:fs";

import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

// Each is {id, outcome, usage}: a request that was left before its answer has no id, and usage
// says whether the upstream told it.
const entries = [];

/** A client as a person would make it, but one that never retries unless told to. */
export function client(options = {}) {
  return new OpenAI({ maxRetries: 0, timeout: 60_000, fetch: watched, ...options });
}

export function anthropicClient(options = {}) {
  return new Anthropic({ maxRetries: 0, timeout: 60_000, fetch: watched, ...options });
}

/** The last request ended otherwise than its status says. */
export function lastWas(outcome) {
  entries.at(-1).outcome = outcome;
}

/** The last request was answered by an upstream that did not say what it used. */
export function lastToldNoUsage() {
  entries.at(-1).usage = false;
}

/** How many requests for replies the router has been sent. */
export function count() {
  return entries.length;
}

export function write(path, passed, failed) {
  writeFileSync(path, JSON.stringify({ passed, failed, requests: entries }));
}

async function watched(url, init) {
  if (init.method.toUpperCase() !== "POST") return await fetch(url, init);
  const entry = { id: null, outcome: "cancelled", usage: true };
  entries.push(entry);
  const response = await fetch(url, init);
  entry.id = response.headers.get("x-tokn-router-request-id");
  entry.outcome = response.ok ? "complete" : "failed";
  return response;
}
