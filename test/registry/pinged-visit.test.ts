import assert from "node:assert/strict";
import type { RegistryCredential } from "../../src/credentials/index.js";
import type { Exchange, PingResult, RegistrySession } from "../../src/registry/index.js";
import { type Answer, clientWith, headOf, type Loopback, listen, movableClock, route, using } from "./loopback.js";
import { alice, deadline, json, plain, summary } from "./token-pair.js";

const challenged =
  (...lines: readonly string[]): Answer =>
  (request, response) => {
    if (request.url === "/v2/") response.writeHead(401, { "www-authenticate": [...lines] }).end();
    else response.end();
  };
const bearer = 'Bearer realm="http://auth.test/token",service="reg.test",scope="repository:other:pull"';
const basic = 'Basic realm="lab"';

interface Servers {
  readonly registry: Loopback;
  readonly auth: Loopback;
  readonly other: Loopback;
}

async function withServers(
  answers: { readonly registry: Answer; readonly auth?: Answer; readonly other?: Answer },
  use: (servers: Servers, session: (who?: RegistryCredential) => RegistrySession) => Promise<void>,
): Promise<void> {
  const registry = await listen(answers.registry);
  const auth = await listen(answers.auth ?? json({ token: "t" }));
  const other = await listen(answers.other ?? json({}));
  const connectTo = route({ "reg.test": registry.port, "auth.test": auth.port, "other.test": other.port });
  const client = clientWith({ clock: movableClock(), connectTo });
  await using([registry, auth, other, client], () => use({ registry, auth, other }, (who) => client.session(who)));
}

async function ping(session: RegistrySession): Promise<PingResult> {
  const request = { ...headOf(plain), method: "GET", repository: "", endpoint: "/", authorize: "ping" } as const;
  const answer = await session.exchange(request, deadline());
  assert.ok(answer.kind === "response" && answer.ping !== undefined, JSON.stringify(answer));
  return answer.ping;
}

async function pingAndAsk(session: RegistrySession): Promise<Exchange> {
  return await session.exchange({ ...headOf(plain), authorize: await ping(session) }, deadline());
}

describe("a visit after a ping", () => {
  it("tells what was asked for and answers nothing by itself", async () => {
    await withServers({ registry: challenged(basic, bearer) }, async ({ registry, auth }, session) => {
      const { place, challenges } = await ping(session(alice));
      assert.equal(place, "http://reg.test/v2/");
      assert.deepEqual(
        challenges.map(({ scheme }) => scheme),
        ["bearer", "basic"],
      );
      assert.deepEqual(registry.lines(), ["GET /v2/"]);
      assert.deepEqual(auth.lines(), []);
    });
  });

  it("asks for a token by GET, with the user's name and its own scope alone", async () => {
    await withServers({ registry: challenged(bearer) }, async ({ registry, auth }, session) => {
      assert.equal(summary(await pingAndAsk(session(alice))), "200");
      const scope = "scope=repository%3Ateam%2Fapp%3Apull";
      assert.deepEqual(auth.lines(), [`GET /token?service=reg.test&${scope}&account=alice Basic`]);
      assert.deepEqual(registry.lines(), ["GET /v2/", "HEAD /v2/team/app/manifests/v1 Bearer"]);
    });
  });

  it("sends the password where token and password are asked for, and fails without one", async () => {
    await withServers({ registry: challenged(bearer, basic) }, async ({ registry, auth }, session) => {
      assert.equal(summary(await pingAndAsk(session(alice))), "200");
      assert.equal(registry.lines().at(-1), "HEAD /v2/team/app/manifests/v1 Basic");
      assert.equal(auth.lines().length, 1);
      assert.equal(summary(await pingAndAsk(session())), "no-credentials");
    });
  });

  it("repeats nothing, whatever the status", async () => {
    const registry: Answer = (request, response) => response.writeHead(request.url === "/v2/" ? 200 : 401).end();
    await withServers({ registry }, async (servers, session) => {
      assert.equal(summary(await pingAndAsk(session(alice))), "401");
      assert.equal(servers.registry.lines().length, 2);
    });
  });

  it("authorizes no other host that a redirect leads to", async () => {
    const registry: Answer = (request, response) => {
      if (request.url === "/v2/") challenged(bearer)(request, response);
      else response.writeHead(307, { location: "http://other.test/v2/team/app/manifests/v1" }).end();
    };
    await withServers({ registry }, async ({ other }, session) => {
      assert.equal(summary(await pingAndAsk(session(alice))), "200");
      assert.deepEqual(other.lines(), ["HEAD /v2/team/app/manifests/v1"]);
    });
  });

  it("authorizes nothing where the ping was answered elsewhere", async () => {
    const registry: Answer = (request, response) => {
      if (request.url === "/v2/") response.writeHead(302, { location: "http://other.test/v2/" }).end();
      else response.end();
    };
    await withServers({ registry, other: challenged(basic) }, async (servers, session) => {
      assert.equal(summary(await pingAndAsk(session(alice))), "200");
      assert.equal(servers.registry.lines().at(-1), "HEAD /v2/team/app/manifests/v1");
    });
  });

  it("does not let a remembered token speak for a new one", async () => {
    let accepted = "Bearer first";
    const registry: Answer = (request, response) => {
      if (request.url === "/v2/") challenged(bearer)(request, response);
      else response.writeHead(request.authorization === accepted ? 200 : 401).end();
    };
    const auth: Answer = (request, response) => json({ token: accepted.slice("Bearer ".length) })(request, response);
    await withServers({ registry, auth }, async (servers, session) => {
      assert.equal(summary(await pingAndAsk(session(alice))), "200");
      accepted = "Bearer second";
      assert.equal(summary(await pingAndAsk(session(alice))), "200");
      assert.equal(servers.auth.lines().length, 2);
    });
  });

  it("ends in the token server's refusal", async () => {
    const auth = json({ errors: [] }, 401);
    await withServers({ registry: challenged(bearer), auth }, async (_servers, session) => {
      const result = await pingAndAsk(session(alice));
      assert.ok(result.kind === "refused" && result.refusal.kind === "token-status" && result.refusal.status === 401);
    });
  });

  it("knows a challenge without a realm for what it is", async () => {
    await withServers({ registry: challenged('Bearer service="reg.test"') }, async (_servers, session) => {
      assert.equal(summary(await pingAndAsk(session(alice))), "realm-missing");
    });
  });
});
