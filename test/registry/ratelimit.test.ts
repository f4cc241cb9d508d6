import assert from "node:assert/strict";
import { createRateLimits, type SeenRateLimit } from "../../src/registry/index.js";
import { readRateLimit } from "../../src/registry/ratelimit.js";
import { fakeClock } from "../support/builders.js";
import { deadline, plain } from "./asked.js";
import { type Answer, clientWith, headOf, listen, route } from "./loopback.js";

describe("a registry's rate limit", () => {
  const cases: { name: string; headers: Record<string, string>; want: object | undefined }[] = [
    {
      name: "is read as Docker Hub writes it",
      headers: { "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "76;w=21600" },
      want: { remaining: 76, limit: 100, windowSeconds: 21_600 },
    },
    {
      name: "is read from the early drafts",
      headers: { "ratelimit-limit": "10", "ratelimit-remaining": "0", "ratelimit-reset": "50" },
      want: { remaining: 0, limit: 10, resetSeconds: 50 },
    },
    {
      name: "is read from one header of pairs",
      headers: { ratelimit: "limit=100, remaining=50, reset=5" },
      want: { remaining: 50, limit: 100, resetSeconds: 5 },
    },
    {
      name: "is read from a structured header and its policy",
      headers: { ratelimit: '"default";r=50;t=30', "ratelimit-policy": '"burst";q=9;w=1, "default";q=100;w=60' },
      want: { remaining: 50, limit: 100, windowSeconds: 60, resetSeconds: 30 },
    },
    {
      name: "is the tightest of several",
      headers: { ratelimit: '"hour";r=500;t=30, "minute";r=2;t=3' },
      want: { remaining: 2, resetSeconds: 3 },
    },
    {
      name: "is read from x- headers",
      headers: { "x-ratelimit-limit": "5000", "x-ratelimit-remaining": "4999", "x-ratelimit-reset": "1799999999" },
      want: { remaining: 4999, limit: 5000 },
    },
    { name: "is none where nothing is said", headers: {}, want: undefined },
    {
      name: "is none where nonsense is said",
      headers: { "ratelimit-remaining": "many", ratelimit: "x" },
      want: undefined,
    },
  ];
  for (const { name, headers, want } of cases) {
    it(name, () =>
      assert.deepEqual(
        readRateLimit((header) => headers[header]),
        want,
      ),
    );
  }

  it("belongs to the identity that was told, and is forgotten when its window is over", () => {
    const clock = fakeClock();
    const limits = createRateLimits(clock);
    limits.note({
      registry: "r.test",
      identity: "anonymous",
      reading: { remaining: 3, limit: 100, windowSeconds: 600 },
    });
    assert.equal(limits.isLow("r.test", "anonymous"), true);
    assert.equal(limits.isLow("r.test", "team"), false);
    clock.advance(600_001);
    assert.equal(limits.readingFor("r.test", "anonymous"), undefined);
  });

  for (const [remaining, limit, want] of [
    [20, 100, false],
    [19, 100, true],
    [2, 10, false],
    [1, 10, true],
    [100, 5000, false],
    [19, undefined, true],
  ] as const) {
    it(`of ${limit ?? "unknown"} with ${remaining} left is ${want ? "" : "not "}low`, () => {
      const limits = createRateLimits(fakeClock());
      limits.note({ registry: "r", identity: "i", reading: { remaining, ...(limit === undefined ? {} : { limit }) } });
      assert.equal(limits.isLow("r", "i"), want);
    });
  }

  const told: { name: string; answer: Answer; want: object | undefined }[] = [
    {
      name: "is told of with every answer",
      answer: (_q, r) => r.writeHead(200, { "ratelimit-remaining": "7;w=60" }).end(),
      want: { remaining: 7, windowSeconds: 60 },
    },
    {
      name: "is spent for as long as a 429 says",
      answer: (_q, r) => r.writeHead(429, { "retry-after": "30" }).end(),
      want: { remaining: 0, resetSeconds: 30 },
    },
    { name: "is not made up", answer: (_q, r) => r.writeHead(200).end(), want: undefined },
  ];
  for (const { name, answer, want } of told) {
    it(name, async () => {
      const server = await listen(answer);
      const seen: SeenRateLimit[] = [];
      const client = clientWith({
        connectTo: route({ "reg.test": server.port }),
        onRateLimit: (told) => seen.push(told),
      });
      try {
        await client.session(undefined).exchange(headOf(plain), deadline());
      } finally {
        await client.close();
        await server.close();
      }
      assert.deepEqual(seen.at(-1), want && { registry: "reg.test", identity: "anonymous", reading: want });
    });
  }
});
