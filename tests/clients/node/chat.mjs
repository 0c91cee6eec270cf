// Asks for chats, as the tests of them do.

import * as journal from "./journal.mjs";

export const MODEL = "gpt-4o"; // on both Copilot accounts
export const ALONE = "glm-4.7"; // on the one Z.ai account

export const client = journal.client();

export const user = (content = "hi") => [{ role: "user", content }];

export function chat(content = "hi", more = {}) {
  return client.chat.completions.create({ model: MODEL, messages: user(content), ...more });
}

export const stream = (content = "hi", more = {}) => chat(content, { stream: true, ...more });

export async function text(content, more) {
  return (await chat(content, more)).choices[0].message.content;
}

export async function joined(opening) {
  let text = "";
  for await (const chunk of await opening) text += chunk.choices[0].delta.content ?? "";
  return text;
}
