import assert from "node:assert/strict";
import type { Exchange } from "../../src/registry/index.js";
import { createAuthority } from "../support/authority.js";
import { type Answer, clientWith, headOf, type Loopback, listen, registryHost, using } from "./loopback.js";
import { alice, bearerRegistry, deadline, json, summary, withPair } from "./token-pair.js";

describe("credentials stay where they belong", () => {
  const secret = /s3cret-Pa55|czNjcmV0/;

  async function withTls(
    registry: Answer,
    other: Answer,
    use: (
      exchange: (who?: typeof alice) => Promise<Exchange>,
      other: Loopback,
      otherTls: Loopback,
      registry: Loopback,
    ) => Promise<void>,
  ) {
    const authority = await createAuthority("Test Root");
    const certificate = await authority.issue({ names: ["reg.test", "auth.test", "cdn.test", "a.reg.test"] });
    const servers = [
      await listen(registry, certificate),
      await listen(other),
      await listen(other, certificate),
    ] as const;
    const [registryServer, otherServer, otherTls] = servers;
    const client = clientWith({
      systemCaPems: [authority.certificatePem],
      connectTo: (hostname, port) => {
        if (hostname === "reg.test" && port === 443) return { address: "127.0.0.1", port: registryServer.port };
        return { address: "127.0.0.1", port: port === 443 ? otherTls.port : otherServer.port };
      },
    });
    await using([registryServer, otherServer, otherTls, client], async () => {
      const exchange = (who?: typeof alice) =>
        client.session(who).exchange(headOf(registryHost("reg.test")), deadline());
      await use(exchange, otherServer, otherTls, registryServer);
    });
  }

  it("an https registry cannot send them to an http realm elsewhere", async () => {
    await withTls(bearerRegistry(), json({ access_token: "good" }), async (exchange, other) => {
      const result = await exchange(alice);
      assert.equal(summary(result), "realm-refused");
      assert.doesNotMatch(JSON.stringify(result), secret);
      assert.equal(other.seen.length, 0);
    });
  });

  it("without credentials that realm is asked as the runtime asks it", async () => {
    await withTls(bearerRegistry(), json({ token: "good" }), async (exchange, other) => {
      assert.equal(summary(await exchange()), "200");
      assert.equal(other.seen.length, 1);
    });
  });

  it("an http realm on the registry's own name, and an https realm anywhere, are told", async () => {
    for (const realm of ["http://reg.test/token", "https://auth.test/token"]) {
      await withTls(bearerRegistry(`Bearer realm="${realm}"`), json({ access_token: "good" }), async (exchange) => {
        assert.equal(summary(await exchange(alice)), "200");
      });
    }
  });

  it("a realm that redirects the form to the clear gets nothing there", async () => {
    const realm: Answer = (_request, response) => response.writeHead(307, { location: "http://cdn.test/steal" }).end();
    await withTls(
      bearerRegistry('Bearer realm="https://auth.test/token"'),
      realm,
      async (exchange, other, otherTls) => {
        assert.equal(summary(await exchange(alice)), "realm-refused");
        assert.deepEqual([otherTls.seen.length, other.seen.length], [1, 0]);
      },
    );
  });

  it("Basic of a token request does not follow a redirect to another host", async () => {
    const realm: Answer = (request, response) => {
      if (request.method === "POST") response.writeHead(404).end();
      else if (request.headers.host === "auth.test")
        response.writeHead(302, { location: "https://cdn.test/steal" }).end();
      else json({ token: "good" })(request, response);
    };
    await withTls(
      bearerRegistry('Bearer realm="https://auth.test/token"'),
      realm,
      async (exchange, _other, otherTls) => {
        assert.equal(summary(await exchange(alice)), "200");
        assert.equal(otherTls.lines().at(-1), "GET /steal");
      },
    );
  });

  it("Authorization does not reach a redirect target, and a no from there is not taken for the registry's", async () => {
    for (const [target, status, want] of [
      ["https://cdn.test/blob", 200, "200"],
      ["https://cdn.test/blob", 403, "403"],
      ["https://a.reg.test/blob", 200, "200"],
      ["https://a.reg.test/blob", 403, "redirect-refused"],
      ["http://reg.test/blob", 401, "redirect-refused"],
    ] as const) {
      const registry: Answer = (request, response) => {
        if (request.authorization === undefined) response.writeHead(401, { "www-authenticate": "Basic realm=r" }).end();
        else response.writeHead(307, { location: target }).end();
      };
      const cdn: Answer = (_request, response) => response.writeHead(status).end();
      await withTls(registry, cdn, async (exchange, other, otherTls) => {
        assert.equal(summary(await exchange(alice)), want, target);
        const reached = [...other.seen, ...otherTls.seen];
        assert.deepEqual(new Set(reached.map(({ authorization }) => authorization)), new Set([undefined]));
        assert.ok(reached.length >= 1);
      });
    }
  });

  it("a redirect target that asks is told nothing, even over TLS", async () => {
    const challenge = { "www-authenticate": "Basic realm=r" };
    const registry: Answer = (request, response) => {
      if (request.authorization === undefined) response.writeHead(401, challenge).end();
      else response.writeHead(307, { location: "https://a.reg.test/blob" }).end();
    };
    const cdn: Answer = (_request, response) => response.writeHead(401, challenge).end();
    await withTls(registry, cdn, async (exchange, other, otherTls) => {
      assert.equal(summary(await exchange(alice)), "realm-refused");
      for (const { authorization } of [...other.seen, ...otherTls.seen]) assert.equal(authorization, undefined);
    });
  });

  it("a redirect target in the clear that asks for Basic gets nothing", async () => {
    const registry: Answer = (_request, response) =>
      response.writeHead(302, { location: "http://cdn.test/steal" }).end();
    const thief: Answer = (_request, response) =>
      response.writeHead(401, { "www-authenticate": "Basic realm=r" }).end();
    await withTls(registry, thief, async (exchange, other) => {
      assert.equal(summary(await exchange(alice)), "realm-refused");
      assert.deepEqual(new Set(other.seen.map(({ authorization }) => authorization)), new Set([undefined]));
    });
  });

  it("no result of any kind shows a password, a token or Basic", async () => {
    const answers: Answer[] = [
      json({ errors: [{ code: "DENIED", message: "no" }] }, 403),
      (request, response) =>
        json({ errors: [{ code: "X", message: "m" }] }, request.authorization ? 404 : 401)(request, response),
      (_request, response) => response.writeHead(401, { "www-authenticate": "Basic realm=r" }).end(),
      (_request, response) =>
        response.writeHead(302, { location: "http://u:s3cret-Pa55@reg.test/x?token=s3cret-Pa55" }).end(),
    ];
    for (const answer of answers) {
      await withPair(answer, json({}), async (_servers, ask) =>
        assert.doesNotMatch(JSON.stringify(await ask()), secret),
      );
    }
  });
});
