import assert from "node:assert/strict";
import { type Answer, credential, type SeenRequest } from "./loopback.js";
import { alice, bearerRegistry, json, manifest, plain, scope, summary, withPair } from "./token-pair.js";

describe("token flows", () => {
  const tokenCases: { name: string; auth: Answer; anonymous?: true; want: string; asked: string[] }[] = [
    {
      name: "with an account the token is fetched by POST",
      auth: json({ access_token: "good" }),
      want: "200",
      asked: ["POST /token"],
    },
    {
      name: "without one it is fetched by GET, anonymously",
      auth: json({ token: "good" }),
      anonymous: true,
      want: "200",
      asked: [`GET /token?service=reg.test&scope=${encodeURIComponent(scope)}`],
    },
    {
      name: "access_token goes before token in a GET",
      auth: json({ token: "bad", access_token: "good" }),
      anonymous: true,
      want: "200",
      asked: [`GET /token?service=reg.test&scope=${encodeURIComponent(scope)}`],
    },
    {
      name: "a POST that brings only token is no token, and no GET follows",
      auth: json({ token: "good" }),
      want: "token-absent",
      asked: ["POST /token"],
    },
    { name: "an empty object is no token", auth: json({}), want: "token-absent", asked: ["POST /token"] },
    { name: "null is no token", auth: json(null), want: "token-absent", asked: ["POST /token"] },
    {
      name: "what is no JSON cannot be read",
      auth: (_request, response) => response.end("<html>"),
      want: "token-unreadable",
      asked: ["POST /token"],
    },
    {
      name: "expires_in as text cannot be read, as in Go",
      auth: json({ access_token: "good", expires_in: "300" }),
      want: "token-unreadable",
      asked: ["POST /token"],
    },
    {
      name: "issued_at that is no RFC 3339 time cannot be read, as in Go",
      auth: json({ access_token: "good", issued_at: "yesterday" }),
      want: "token-unreadable",
      asked: ["POST /token"],
    },
    {
      name: "names of JSON fields match in any case",
      auth: json({ Access_Token: "good", issued_at: "2026-01-02T03:04:05.678Z" }),
      want: "200",
      asked: ["POST /token"],
    },
    {
      name: "a token with a line break cannot be used",
      auth: json({ access_token: "a\nb" }),
      want: "token-unreadable",
      asked: ["POST /token"],
    },
    { name: "500 does not fall back to GET", auth: json({}, 500), want: "token-status", asked: ["POST /token"] },
    { name: "403 does not fall back to GET", auth: json({}, 403), want: "token-status", asked: ["POST /token"] },
  ];
  for (const { name, auth, anonymous, want, asked } of tokenCases) {
    it(name, async () => {
      await withPair(bearerRegistry(), auth, async (servers, ask) => {
        const result = await ask(anonymous ? null : alice);
        assert.equal(summary(result), want);
        assert.deepEqual(servers.auth.lines(), asked);
        const retried = want === "200" ? [`HEAD ${manifest} Bearer`] : [];
        assert.deepEqual(servers.registry.lines(), [`HEAD ${manifest}`, ...retried]);
      });
    });
  }

  for (const status of [400, 401, 404, 405]) {
    it(`a POST answered with ${status} is followed by a GET with Basic`, async () => {
      const auth: Answer = (request, response) => {
        if (request.method === "POST") response.writeHead(status).end("no such thing");
        else json({ token: "good" })(request, response);
      };
      await withPair(bearerRegistry(), auth, async (servers, ask) => {
        assert.equal(summary(await ask()), "200");
        const query = `service=reg.test&scope=${encodeURIComponent(scope)}`;
        assert.deepEqual(servers.auth.lines(), ["POST /token", `GET /token?${query} Basic`]);
        const expected = `Basic ${Buffer.from("alice:s3cret-Pa55").toString("base64")}`;
        assert.equal(servers.auth.seen[1]?.authorization, expected);
      });
    });
  }

  it("the form carries what containerd sends", async () => {
    await withPair(bearerRegistry(), json({ access_token: "good" }), async (servers, ask) => {
      await ask();
      const { headers, body } = servers.auth.seen[0] as SeenRequest;
      assert.equal(headers["content-type"], "application/x-www-form-urlencoded; charset=utf-8");
      assert.equal(headers["user-agent"], "pullguard/test");
      assert.deepEqual(Object.fromEntries(new URLSearchParams(body)), {
        scope,
        service: "reg.test",
        client_id: "containerd-client",
        grant_type: "password",
        username: "alice",
        password: "s3cret-Pa55",
      });
    });
  });

  it("scopes of request and challenge are joined, sorted, and repeats dropped; the realm keeps its own query", async () => {
    const challenge = `Bearer realm="http://auth.test/token?a=1",scope="repository:z/z:pull ${scope} repository:a/a:pull"`;
    await withPair(bearerRegistry(challenge), json({ token: "good" }), async (servers, ask) => {
      await ask(null);
      const url = new URL(servers.auth.seen[0]?.url ?? "", "http://auth.test");
      assert.deepEqual(url.searchParams.getAll("scope"), ["repository:a/a:pull", scope, "repository:z/z:pull"]);
      assert.equal(url.searchParams.get("a"), "1");
      assert.equal(url.searchParams.get("service"), null);
    });
  });

  it("a user without a password is anonymous, and so is a password without a user", async () => {
    for (const who of [credential("alice", ""), credential("", "s3cret-Pa55")]) {
      await withPair(bearerRegistry(), json({}, 401), async (servers, ask) => {
        const result = await ask(who);
        assert.ok(result.kind === "refused" && result.refusal.kind === "token-status");
        assert.deepEqual(result.refusal, {
          kind: "token-status",
          realm: "http://auth.test/token",
          status: 401,
          anonymous: true,
        });
        assert.equal(servers.auth.seen[0]?.authorization, undefined);
      });
    }
  });

  it("headers of the node's configuration go to the token server only where the runtime sends them", async () => {
    for (const headersOnTokenRequests of [false, true]) {
      await withPair(bearerRegistry(), json({ access_token: "good" }), async (servers, ask) => {
        await ask(alice, { host: { ...plain, headers: { "X-Node": ["n1"] }, headersOnTokenRequests } });
        assert.equal(servers.registry.seen[0]?.headers["x-node"], "n1");
        assert.equal(servers.auth.seen[0]?.headers["x-node"], headersOnTokenRequests ? "n1" : undefined);
      });
    }
  });
});
