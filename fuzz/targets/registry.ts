import assert from "node:assert/strict";
import { Redacted } from "../../src/core/index.js";
import { createAddressGuard } from "../../src/registry/address-guard.js";
import { parseAddressRange, rangeHolds } from "../../src/registry/address-range.js";
import { Authorizer } from "../../src/registry/authorizer.js";
import { registryErrors } from "../../src/registry/body.js";
import { challengesAsSent, offeredSchemes, parseChallenges } from "../../src/registry/challenge.js";
import { foreignText } from "../../src/registry/foreign-text.js";
import { proxyOf } from "../../src/registry/index.js";
import { follow } from "../../src/registry/redirect.js";
import { readResponse } from "../../src/registry/response.js";
import { fetchToken } from "../../src/registry/token.js";
import type { HttpAnswer } from "../../src/registry/transport.js";
import { bytesOf, canary, type FuzzTarget } from "../target.js";

const clock = { nowMs: () => 1_700_000_000_000, sleep: () => Promise.resolve() };
const account = { username: "robot", password: new Redacted(canary) };
const registry = new URL("https://reg.test/v2/");

/** An answer out of `name: value` lines, an empty line and a body. */
function answerOf(input: string, status: number): HttpAnswer {
  const end = input.indexOf("\n\n");
  const head = end === -1 ? input : input.slice(0, end);
  const body = end === -1 ? "" : input.slice(end + 2);
  const lines = head.split("\n").flatMap((line) => {
    const colon = line.indexOf(":");
    return colon <= 0 ? [] : [{ name: line.slice(0, colon).trim().toLowerCase(), value: line.slice(colon + 1).trim() }];
  });
  const all = (name: string) => lines.filter((line) => line.name === name).map(({ value }) => value);
  return {
    kind: "answer",
    status,
    header: (name) => all(name)[0],
    headerLines: all,
    body: (maxBytes) => {
      const bytes = bytesOf(body);
      return Promise.resolve({ kind: "bytes", bytes: bytes.subarray(0, maxBytes), complete: bytes.length <= maxBytes });
    },
    stream: () => Promise.resolve({ kind: "bytes", bytes: new Uint8Array(), complete: true }),
    discard: () => Promise.resolve(),
    close: () => undefined,
  };
}

/** `WWW-Authenticate`, one challenge a line, up to what is done about it. */
export const challenges: FuzzTarget = {
  name: "www-authenticate",
  weight: 20,
  saysOneLine: true,
  seeds: [
    'Bearer realm="https://auth.test/token",service="reg.test",scope="repository:team/app:pull"',
    'Basic realm="x"\nBearer realm="http://auth.test:80/t?x=y",error="insufficient_scope"',
    'Digest realm="x", nonce=y',
    'bearer realm=https://auth.test , scope="a b" ,',
    'Bearer realm="\\"\\\\", Basic',
  ],
  words: [
    "Bearer ",
    "Basic ",
    "Digest ",
    "realm=",
    "service=",
    "scope=",
    "error=",
    '"',
    "\\",
    ",",
    "=",
    " ",
    "https://",
    "\n",
    "user:pass@",
  ],
  run(input) {
    const lines = input.split("\n");
    const parsed = parseChallenges(lines);
    assert.equal(challengesAsSent(lines).length, parsed.length);
    assert.ok(offeredSchemes(lines).length <= 8);
    const authorizer = new Authorizer(input.length % 2 === 0 ? account : undefined);
    const seen = [{ method: "HEAD", url: registry, status: 401, challengeLines: lines }];
    const verdict = authorizer.addResponses(seen, registry);
    const said = verdict.kind === "refused" && "message" in verdict.refusal ? [verdict.refusal.message] : [];
    const again = authorizer.addResponses([...seen, ...seen], registry);
    if (again.kind === "refused" && "serverMessage" in again.refusal) said.push(again.refusal.serverMessage);
    const kinds = parsed.map(({ scheme, parameters }) => `${scheme[1]}${Math.min(parameters.size, 5)}`).slice(0, 6);
    return { shape: `${kinds} ${verdict.kind} ${again.kind} ${authorizer.handlerFor(registry)?.scheme}`, said };
  },
};

/** Headers and body of an answer that is no success. */
export const answers: FuzzTarget = {
  name: "answer-headers",
  saysOneLine: true,
  seeds: [
    "retry-after: 120\ncontent-type: application/json; charset=x\nratelimit-remaining: 76;w=21600\nratelimit-limit: 100;w=21600",
    "retry-after: Wed, 21 Oct 2026 07:28:00 GMT\nratelimit: limit=100, remaining=50, reset=5",
    'ratelimit: "default";r=50;t=30, "burst";r=1;t=2\nratelimit-policy: "default";q=100;w=60,"burst";q=5;w=1\ncontent-range: bytes 0-1/*',
    'content-length: 12\ndocker-content-digest: sha256:x\nlink: </v2/_catalog?n=1>; rel="next"\n\n{"errors":[{"code":"DENIED","message":"no\\u001b[31m"}]}',
    "content-encoding: gzip\n\n\x1f\x8b\b\0",
  ],
  words: [
    "retry-after: ",
    "ratelimit: ",
    "ratelimit-policy: ",
    "x-ratelimit-remaining: ",
    ";w=",
    "q=",
    "r=",
    ",",
    ";",
    "=",
    '"',
    "\n",
    "\n\n",
    "bytes 0-",
    "content-type: ",
  ],
  async run(input) {
    const status = [200, 401, 429, 500][input.length % 4] ?? 200;
    const answer = answerOf(input, status);
    const last = { answer, url: registry, redirected: false, method: "GET", authorization: "none" } as const;
    const read = await readResponse(last, { maxBodyBytes: 1000 }, clock);
    if (read.kind !== "response")
      return { shape: `${read.kind}`, said: read.kind === "fault" ? [read.fault.message] : [] };
    const numbers = [read.retryAfterSeconds, ...Object.values(read.rateLimit ?? {}), read.contentLength];
    for (const number of numbers) assert.ok(number === undefined || Number.isFinite(number), `${number}`);
    const shape = `${status} ${read.errors.length} ${numbers.map((number) => number === undefined)} ${read.contentRange?.total}`;
    return { shape, said: read.errors.flatMap(({ code, message }) => [code, message]) };
  },
};

/** `Location`, followed to where it leads. */
export const redirects: FuzzTarget = {
  name: "location",
  weight: 20,
  saysOneLine: true,
  seeds: [
    "https://cdn.test/x?sig=y",
    "/v2/other",
    "//evil.test",
    "http:x",
    "ftp://x",
    "https://u:p@cdn.test/",
    "",
    "?x",
  ],
  words: ["https://", "http://", "//", "..", "@", ":", "?", "#", "[::1]", "%", "\\", "169.254.169.254", "xn--"],
  async run(input) {
    const seen: string[] = [];
    const send = () => Promise.resolve(answerOf(`location: ${input.replaceAll("\n", " ")}`, 307));
    const request = { url: registry, method: "GET", headers: {} } as const;
    const end = await follow<string>(request, send, (url) => {
      seen.push(url.protocol);
      assert.match(url.protocol, /^https?:$/);
      return Promise.resolve({ kind: "send", request: { ...request, url } });
    });
    assert.ok(seen.length < 10);
    return { shape: `${end.kind} ${seen.length}`, said: end.kind === "fault" ? [end.fault.message] : [] };
  },
};

/** Bodies of token servers. */
export const tokens: FuzzTarget = {
  name: "token-bodies",
  format: "json",
  saysOneLine: true,
  seeds: [
    `{"token":"${canary}","expires_in":300,"issued_at":"2026-01-01T00:00:00Z"}`,
    `{"access_token":"${canary}","refresh_token":"x","scope":"y"}`,
    '{"TOKEN":"x","expires_in":-1}',
    "null",
    "[]",
  ],
  words: ['"token":', '"access_token":', '"expires_in":', "1e99", "null", '"2026-01-01T00:00:00Z"'],
  async run(input) {
    const kinds = ["post", "get"].map(async (method) => {
      const question = {
        realm: new URL("https://auth.test/token"),
        service: "s",
        scopes: ["repository:a:pull"],
        account,
        headers: {},
        registry,
        rules: { method: method as "post" | "get", success: "below-400", prefers: "token", withoutToken: "absent" },
      } as const;
      const answer = await fetchToken(question, () => Promise.resolve(answerOf(`a: b\n\n${input}`, 200)));
      if (answer.kind === "token") assert.ok(Number.isFinite(answer.lifetimeMs) && answer.lifetimeMs > 0);
      return answer;
    });
    const read = await Promise.all(kinds);
    const shape = read.map((each) => (each.kind === "token" ? "token" : each.refusal.kind)).join();
    return { shape, said: read.map((each) => JSON.stringify(each)) };
  },
};

/** Error bodies, and any text that a registry would have people read. */
export const errorBodies: FuzzTarget = {
  name: "error-bodies",
  weight: 100,
  format: "json",
  saysOneLine: true,
  seeds: [
    '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{"Tag":"x"}}]}',
    '{"errors":[{"code":1}]}',
    "<html>",
  ],
  words: ['"errors":', '"code":', '"message":', "\\u202e", "\\u001b[2J", "\\n", "\u009b"],
  run(input) {
    const errors = registryErrors(Buffer.from(input));
    const text = foreignText(input);
    assert.ok([...text].length <= 200 && errors.length <= 10);
    return { shape: `${errors.length}`, said: [text, ...errors.flatMap(({ code, message }) => [code, message])] };
  },
};

/** `NO_PROXY` of nodes, and the addresses of the configuration: `rules`, a line break, a host. */
export const dialRules: FuzzTarget = {
  name: "dial-rules",
  seeds: [
    ".test,10.0.0.0/8,*.a.b:80\nx.test",
    "*\n[::1]:5000",
    "fd00::/8,::ffff:10.0.0.1\n10.0.0.1",
    "169.254.0.0/16\n0xa9fe0001",
    "b\u00fccher.test\nxn--bcher-kva.test",
  ],
  words: [",", ".", "*", "*.", ":", "/8", "[", "]", "::", "10.0.0.1", "0x7f.1", "localhost", "\n"],
  run(input) {
    const [noProxy = "", host = ""] = input.split("\n");
    const proxy = { scheme: "http", address: "p.test:3128", credentials: "none" } as const;
    const url = URL.canParse(`https://${host}/`) ? new URL(`https://${host}/`) : registry;
    const direct = proxyOf({ https: proxy, noProxy }, url) === undefined;
    const ranges = noProxy.split(",").flatMap((each) => parseAddressRange(each) ?? []);
    for (const range of ranges) assert.ok(rangeHolds(range, range));
    const rules = { forbidden: [], allowed: ranges, forbiddenHosts: noProxy.split(","), allowedHosts: [] };
    const refusal = createAddressGuard(
      () => rules,
      () => undefined,
    ).refusalOf({ hostname: url.hostname, port: 443 });
    return { shape: `${direct} ${ranges.length} ${refusal}`, said: refusal === undefined ? [] : [refusal] };
  },
};
