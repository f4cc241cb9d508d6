import assert from "node:assert/strict";
import { parseRuntime } from "../../src/node/index.js";
import { pingedSession } from "../../src/prediction/dialects/pinged-session.js";
import { dialectFor } from "../../src/prediction/index.js";
import type { AnsweringRules, Exchange, ExchangeRequest, RegistrySession } from "../../src/registry/index.js";
import { registryHost, registryResponse } from "../support/builders.js";

const rules: AnsweringRules = {
  answers: "first",
  where: "asked",
  nameless: "empty",
  addsMissingScope: false,
  tokens: { method: "get", success: "200", prefers: "token", withoutToken: "empty" },
};
const ping = { place: "http://reg.test/v2/", challenges: [{ scheme: "basic" as const, parameters: new Map() }] };
const host = registryHost("reg.test");
const blob: ExchangeRequest = {
  host,
  method: "GET",
  repository: "app",
  endpoint: "blobs/sha256:aa",
  accept: [],
  maxBodyBytes: 0,
  isLastHost: true,
  retry: { maxRequests: 1, serverErrorsOnLastHost: false },
};

/** What a blob is asked with after a ping over http that got this answer. */
async function blobAfter(answer: Exchange, asked: ExchangeRequest = blob): Promise<ExchangeRequest | undefined> {
  const seen: ExchangeRequest[] = [];
  const plain: RegistrySession = {
    exchange: async (request) => {
      seen.push(request);
      return answer;
    },
  };
  const session = pingedSession(plain, rules);
  const { signal } = new AbortController();
  const reached = { ...host, scheme: "http" as const };
  await session.exchange({ ...blob, host: reached, endpoint: "/", authorize: "ping" }, signal);
  await session.exchange(asked, signal);
  return seen[1];
}

describe("a session that has pinged", () => {
  it("asks for blobs over the scheme that answered, with what the ping asked for", async () => {
    const request = await blobAfter(registryResponse({ status: 401, ping }));
    assert.equal(request?.host.scheme, "http");
    assert.deepEqual(request?.authorize, { ping, rules });
  });

  it("answers no challenge that came without a 401", async () => {
    const request = await blobAfter(registryResponse({ status: 200, ping }));
    assert.deepEqual(request?.authorize, { ping: { ...ping, challenges: [] }, rules });
  });

  const untouched: readonly (readonly [string, Exchange, ExchangeRequest])[] = [
    ["of a host whose ping failed", { kind: "fault", url: "", fault: { kind: "refused", message: "m" } }, blob],
    ["of another host", registryResponse({ status: 401, ping }), { ...blob, host: registryHost("other.test") }],
    ["that says itself how", registryResponse({ status: 401, ping }), { ...blob, authorize: { ping, rules } }],
  ];
  for (const [name, answer, asked] of untouched) {
    it(`leaves a request alone ${name}`, async () => assert.deepEqual(await blobAfter(answer, asked), asked));
  }

  it("is that of dockerd and containers-image, not containerd's", () => {
    const own = (runtime: string) => dialectFor({ runtime: parseRuntime(runtime), settings: {} }).session !== undefined;
    assert.deepEqual(["docker://28.2.2", "cri-o://1.30.0", "containerd://2.2.7"].map(own), [true, true, false]);
  });
});
