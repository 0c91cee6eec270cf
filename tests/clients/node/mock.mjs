// The simulated upstream, as a test steers and questions it.

const URL = process.env.MOCK_URL;
export const COPILOT = ["octocat", "hubot"];
export const ZAI = "zed";
const WORK = [
  "/chat/completions",
  "/responses",
  "/v1/messages",
  "/embeddings",
  "/v1/messages/count_tokens",
];

/** Takes back all faults and forgets all requests. */
export async function reset() {
  for (const account of [...COPILOT, ZAI]) {
    await call("DELETE", `/_mock/accounts/${account}/faults`);
  }
  await call("DELETE", "/_mock/seen");
}

/** Lets the account's next replies go wrong, each in one way. */
export async function queue(account, ...faults) {
  await call("PUT", `/_mock/accounts/${account}/faults`, faults);
}

/** Lets every reply of the accounts go wrong. */
export async function always(fault, accounts = COPILOT) {
  for (const account of accounts) {
    await call("PUT", `/_mock/accounts/${account}/faults`, { standing: fault });
  }
}

/** A fault: this answer instead of a reply. */
export function status(code, body, headers = {}) {
  return { status: { status: code, headers: Object.entries(headers), body } };
}

/** All requests since the reset, the token exchanges too. */
export async function seen() {
  return await call("GET", "/_mock/seen");
}

/** The chat requests since the reset. */
export async function chats() {
  return (await seen()).filter((request) => request.path.endsWith("/chat/completions"));
}

/** The requests that made a model work since the reset, their paths below the provider's base. */
export async function works() {
  const requests = (await seen()).map((request) => {
    return { ...request, path: request.path.replace(/^\/api\/paas\/v4/, "") };
  });
  return requests.filter((request) => WORK.includes(request.path));
}

/** Waits until the one chat request is known to have been left. */
export async function left(seconds = 10) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const requests = await chats();
    if (requests.length === 1 && requests[0].disconnected) return;
    if (Date.now() > deadline) throw new Error(`the upstream was not told within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export function header(request, name) {
  return request.headers.find(([known]) => known === name)?.[1];
}

async function call(method, path, body) {
  const response = await fetch(URL + path, {
    method,
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`the mock does not take ${method} ${path}: ${text}`);
  return text === "" ? undefined : JSON.parse(text);
}
