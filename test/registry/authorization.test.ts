import assert from "node:assert/strict";
import type { Exchange } from "../../src/registry/index.js";
import { until } from "../support/until.js";
import {
  type Answer,
  clientWith,
  credential,
  headOf,
  listen,
  listenReply,
  movableClock,
  route,
  using,
} from "./loopback.js";
import { alice, bearerRegistry, deadline, json, manifest, plain, summary, withPair } from "./token-pair.js";

describe("refusals", () => {
  const cases: { name: string; registry: Answer; anonymous?: true; auth?: Answer; want: object; requests: number }[] = [
    {
      name: "Basic without an account",
      registry: (_request, response) => response.writeHead(401, { "www-authenticate": 'Basic realm="r"' }).end(),
      anonymous: true,
      want: { kind: "no-credentials", scheme: "basic" },
      requests: 1,
    },
    {
      name: "a token that the registry finds too weak",
      registry: bearerRegistry('Bearer realm="http://auth.test/token",error="insufficient_scope"', "never"),
      want: { kind: "insufficient-scope", serverMessage: "insufficient_scope", anonymous: false },
      requests: 2,
    },
    {
      name: "a challenge without realm",
      registry: bearerRegistry('Bearer service="x"'),
      want: { kind: "realm-missing", message: "reg.test names no token realm" },
      requests: 1,
    },
    {
      name: "a realm that is no URL",
      registry: bearerRegistry('Bearer realm="/token"'),
      want: { kind: "realm-missing", message: "reg.test names a token realm that is no http(s) URL: /token" },
      requests: 1,
    },
    {
      name: "a token server that answers with an error",
      registry: bearerRegistry(),
      auth: json({}, 503),
      want: { kind: "token-status", realm: "http://auth.test/token", status: 503, anonymous: false },
      requests: 1,
    },
  ];
  for (const {
    name,
    registry,
    anonymous,
    auth = json({ access_token: "weak", token: "weak" }),
    want,
    requests,
  } of cases) {
    it(name, async () => {
      await withPair(registry, auth, async (servers, ask) => {
        const result = await ask(anonymous ? null : alice);
        assert.ok(result.kind === "refused", JSON.stringify(result));
        assert.deepEqual(result.refusal, want);
        assert.equal(servers.registry.seen.length, requests);
      });
    });
  }

  it("a token server that cannot be reached keeps its fault", async () => {
    const auth = await listenReply("noise\r\n");
    const registry = await listen(bearerRegistry());
    const client = clientWith({ connectTo: route({ "reg.test": registry.port, "auth.test": auth.port }) });
    await using([auth, registry, client], async () => {
      const result = await client.session(undefined).exchange(headOf(plain), deadline());
      assert.ok(result.kind === "refused" && result.refusal.kind === "token-fault");
      assert.equal(result.refusal.fault.kind, "malformed-response");
      assert.equal(result.refusal.anonymous, true);
    });
  });

  it("a token body without end is cut off", async () => {
    const auth: Answer = (_request, response) => {
      response.writeHead(200);
      const pour = () => {
        if (!response.destroyed) response.write("x".repeat(64 * 1024), () => setImmediate(pour));
      };
      pour();
    };
    await withPair(bearerRegistry(), auth, async (_servers, ask) =>
      assert.equal(summary(await ask()), "token-unreadable"),
    );
  });

  it("wrong Basic credentials end in the plain 401 after as many requests as the runtime makes", async () => {
    const registry: Answer = (_request, response) =>
      response.writeHead(401, { "www-authenticate": 'Basic realm="r"' }).end();
    for (const maxRequests of [5, 6]) {
      await withPair(registry, json({}), async (servers, ask) => {
        const result = await ask(alice, { retry: { maxRequests, serverErrorsOnLastHost: true } });
        assert.ok(result.kind === "response");
        assert.deepEqual([result.status, result.authorization, result.challenges], [401, "basic", ["basic"]]);
        assert.deepEqual(servers.registry.lines(), [
          `HEAD ${manifest}`,
          ...Array.from({ length: maxRequests - 1 }, () => `HEAD ${manifest} Basic`),
        ]);
      });
    }
  });

  it("a challenge that nobody understands leaves the 401", async () => {
    const registry: Answer = (_request, response) => response.writeHead(401, { "www-authenticate": "Negotiate" }).end();
    await withPair(registry, json({}), async (servers, ask) => {
      const result = await ask();
      assert.ok(result.kind === "response");
      assert.deepEqual([result.status, result.challenges], [401, ["negotiate"]]);
      assert.equal(servers.registry.seen.length, 1);
    });
  });

  it("what the registry says appears in one short line", async () => {
    const challenge = `Bearer realm="http://auth.test/token",error="${"denied\\ ".repeat(60)}"`;
    await withPair(bearerRegistry(challenge, "never"), json({ access_token: "t" }), async (_servers, ask) => {
      const result = await ask();
      assert.ok(result.kind === "refused" && result.refusal.kind === "insufficient-scope");
      assert.ok(result.refusal.serverMessage.length <= 200);
    });
  });
});

describe("what is remembered", () => {
  it("a second exchange goes straight with its token; another identity starts anew", async () => {
    await withPair(bearerRegistry(), json({ access_token: "good", token: "good" }), async (servers, ask) => {
      await ask();
      await ask();
      assert.deepEqual(servers.registry.lines(), [
        `HEAD ${manifest}`,
        `HEAD ${manifest} Bearer`,
        `HEAD ${manifest} Bearer`,
      ]);
      assert.equal(servers.auth.seen.length, 1);
      await ask(credential("bob", "other"));
      await ask(null);
      assert.deepEqual(
        servers.auth.seen.map(({ method }) => method),
        ["POST", "POST", "GET"],
      );
      assert.equal(servers.registry.lines().filter((line) => line === `HEAD ${manifest}`).length, 3);
    });
  });

  it("a token lives 60 seconds, or as long as the server says", async () => {
    for (const [body, seconds] of [
      [{ access_token: "good" }, 60],
      [{ access_token: "good", expires_in: 200 }, 200],
      [{ access_token: "good", expires_in: -1 }, 60],
    ] as const) {
      const clock = movableClock();
      await withPair(
        bearerRegistry(),
        json(body),
        async (servers, ask) => {
          await ask();
          clock.forward((seconds - 5) * 1000);
          await ask();
          assert.equal(servers.auth.seen.length, 1);
          clock.forward(10_000);
          await ask();
          assert.equal(servers.auth.seen.length, 2);
        },
        clock,
      );
    }
  });

  it("those who need one token at the same time share one request, and one who gives up does not take it from the others", async () => {
    let release = () => {};
    const auth: Answer = (request, response) => {
      release = () => json({ access_token: "good" })(request, response);
    };
    const registry = await listen(bearerRegistry());
    const tokens = await listen(auth);
    const client = clientWith({ connectTo: route({ "reg.test": registry.port, "auth.test": tokens.port }) });
    await using([registry, tokens, client], async () => {
      const quitter = new AbortController();
      const signals = [quitter.signal, deadline(), deadline(), deadline()];
      const results = signals.map((signal) => client.session(alice).exchange(headOf(plain), signal));
      await until(() => tokens.seen.length > 0 && registry.seen.length >= 4);
      quitter.abort();
      assert.equal(summary((await results[0]) as Exchange), "aborted");
      release();
      assert.deepEqual((await Promise.all(results.slice(1))).map(summary), ["200", "200", "200"]);
      assert.equal(tokens.seen.length, 1);
    });
  });

  it("a remembered token that no longer counts is replaced before anything is said", async () => {
    let current = "one";
    const registry: Answer = (request, response) => bearerRegistry(undefined, `Bearer ${current}`)(request, response);
    const auth: Answer = (request, response) => json({ access_token: current, expires_in: 300 })(request, response);
    await withPair(registry, auth, async (servers, ask) => {
      assert.equal(summary(await ask()), "200");
      current = "two";
      assert.equal(summary(await ask()), "200");
      assert.equal(servers.auth.seen.length, 2);
    });
  });

  it("so is one that outlived what the host was known to ask for", async () => {
    let current = "one";
    const registry: Answer = (request, response) => bearerRegistry(undefined, `Bearer ${current}`)(request, response);
    const auth: Answer = (request, response) => json({ access_token: current, expires_in: 3600 })(request, response);
    const clock = movableClock();
    await withPair(
      registry,
      auth,
      async (servers, ask) => {
        await ask();
        current = "two";
        clock.forward(10 * 60_000);
        assert.equal(summary(await ask()), "200");
        assert.equal(servers.auth.seen.length, 2);
      },
      clock,
    );
  });

  it("a no that was reached with something remembered is asked for again from nothing", async () => {
    let open = false;
    const registry: Answer = (request, response) => {
      if (open && request.authorization === undefined) response.end();
      else if (open) response.writeHead(403).end();
      else bearerRegistry()(request, response);
    };
    await withPair(registry, json({ access_token: "good" }), async (servers, ask) => {
      await ask();
      open = true;
      assert.equal(summary(await ask()), "200");
      assert.equal(servers.registry.lines().at(-1), `HEAD ${manifest}`);
    });
  });

  it("nothing is remembered from one repository to another", async () => {
    const registry: Answer = (request, response) => {
      if (request.url.includes("open/app")) response.end();
      else bearerRegistry()(request, response);
    };
    await withPair(registry, json({ access_token: "good" }), async (servers, ask) => {
      await ask();
      await ask(alice, { repository: "open/app" });
      assert.equal(servers.registry.lines().at(-1), "HEAD /v2/open/app/manifests/v1");
    });
  });

  it("the token of another repository is fetched while its first request is under way", async () => {
    let tokenAsked: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      tokenAsked = resolve;
    });
    const registry: Answer = (request, response) => {
      const refuse = (): unknown => bearerRegistry(challengeFor(repositoryOf(request.url)))(request, response);
      // Answered only when the token is on its way: who waits for the refusal first waits for ever.
      if (request.url.includes("team/other") && request.authorization === undefined) asked.then(refuse);
      else refuse();
    };
    const auth: Answer = (request, response) => {
      if (request.body.includes("team%2Fother")) tokenAsked();
      json({ access_token: "good" })(request, response);
    };
    await withPair(registry, auth, async (servers, ask) => {
      await ask();
      assert.equal(summary(await ask(alice, { repository: "team/other" })), "200");
      assert.deepEqual(servers.registry.lines().slice(2), [
        "HEAD /v2/team/other/manifests/v1",
        "HEAD /v2/team/other/manifests/v1 Bearer",
      ]);
      assert.equal(servers.auth.seen.length, 2);
    });
  });

  it("a token server that knows no POST is not asked by POST again", async () => {
    const registry: Answer = (request, response) =>
      bearerRegistry(challengeFor(repositoryOf(request.url)))(request, response);
    const auth: Answer = (request, response) =>
      json({ access_token: "good", token: "good" }, request.method === "POST" ? 404 : 200)(request, response);
    await withPair(registry, auth, async (servers, ask) => {
      await ask();
      assert.equal(summary(await ask(alice, { repository: "team/other" })), "200");
      assert.deepEqual(
        servers.auth.seen.map(({ method }) => method),
        ["POST", "GET", "GET"],
      );
    });
  });

  it("and is asked by POST again where the GET is refused", async () => {
    let isOld = true;
    const registry: Answer = (request, response) =>
      bearerRegistry(challengeFor(repositoryOf(request.url)))(request, response);
    const auth: Answer = (request, response) =>
      json({ access_token: "good", token: "good" }, (request.method === "POST") === isOld ? 404 : 200)(
        request,
        response,
      );
    await withPair(registry, auth, async (servers, ask) => {
      await ask();
      isOld = false;
      assert.equal(summary(await ask(alice, { repository: "team/other" })), "200");
      assert.deepEqual(
        servers.auth.seen.map(({ method }) => method),
        ["POST", "GET", "GET", "POST"],
      );
    });
  });
});

function repositoryOf(url: string): string {
  return /^\/v2\/(.+)\/manifests\//.exec(url)?.[1] ?? "";
}

function challengeFor(repository: string): string {
  return `Bearer realm="http://auth.test/token",service="reg.test",scope="repository:${repository}:pull"`;
}
