import assert from "node:assert/strict";
import type { RegistryCredential } from "../../src/credentials/index.js";
import type { RegistryHost } from "../../src/node/index.js";
import { libraryAnswers } from "../../src/prediction/dialects/containers-image/source.js";
import { dockerAnswers } from "../../src/prediction/dialects/docker/endpoint.js";
import type { AnsweringRules, Exchange, PingResult, RegistrySession } from "../../src/registry/index.js";
import { type Answer, clientWith, headOf, type Loopback, listen, movableClock, route, using } from "./loopback.js";
import { alice, bearerRegistry, deadline, json, manifest, plain, summary } from "./token-pair.js";

const challenged =
  (...lines: readonly string[]): Answer =>
  (request, response) => {
    if (request.url === "/v2/") response.writeHead(401, { "www-authenticate": [...lines] }).end();
    else response.end();
  };
const bearer = 'Bearer realm="http://auth.test/token",service="reg.test",scope="repository:other:pull"';
const named = 'Bearer realm="http://auth.test/token",service="reg.test"';
const basic = 'Basic realm="lab"';

interface Servers {
  readonly registry: Loopback;
  readonly auth: Loopback;
  readonly other: Loopback;
}

async function withServers<T>(
  answers: { readonly registry: Answer; readonly auth?: Answer; readonly other?: Answer },
  use: (servers: Servers, session: (who?: RegistryCredential) => RegistrySession) => Promise<T>,
): Promise<T> {
  const registry = await listen(answers.registry);
  const auth = await listen(answers.auth ?? json({ token: "t" }));
  const other = await listen(answers.other ?? json({}));
  const connectTo = route({
    "reg.test": registry.port,
    "auth.test": auth.port,
    "other.test": other.port,
    "sub.reg.test": other.port,
  });
  const client = clientWith({ clock: movableClock(), connectTo });
  return await using([registry, auth, other, client], () =>
    use({ registry, auth, other }, (who) => client.session(who)),
  );
}

async function ping(session: RegistrySession, host: RegistryHost = plain): Promise<PingResult> {
  const request = { ...headOf(host), method: "GET", repository: "", endpoint: "/", authorize: "ping" } as const;
  const answer = await session.exchange(request, deadline());
  assert.ok(answer.kind === "response" && answer.ping !== undefined, JSON.stringify(answer));
  return answer.ping;
}

async function pingAndAsk(
  session: RegistrySession,
  rules: AnsweringRules = dockerAnswers,
  host: RegistryHost = plain,
): Promise<Exchange> {
  const method = rules === dockerAnswers ? "HEAD" : "GET";
  const authorize = { ping: await ping(session, host), rules };
  return await session.exchange({ ...headOf(host), method, authorize }, deadline());
}

/** One exchange by the rules of containers-image. */
interface Row {
  readonly name: string;
  readonly registry: Answer;
  readonly auth?: Answer;
  readonly anonymous?: true;
  readonly withheld?: true;
  readonly want: string;
  /** What the registry was asked, then what the token server was. */
  readonly lines: readonly string[];
}

const always =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    response.writeHead(status, headers).end();

/** `/v2/` challenges, manifests want `accepted`. */
const guarded =
  (challenge: string, accepted: string, refusal = challenge): Answer =>
  (request, response) => {
    if (request.url === "/v2/") response.writeHead(401, { "www-authenticate": challenge }).end();
    else if (request.authorization === accepted) response.end();
    else response.writeHead(401, { "www-authenticate": refusal }).end();
  };

async function ask(row: Row): Promise<{ readonly result: Exchange; readonly lines: readonly string[] }> {
  const result = await withServers(
    { registry: row.registry, auth: row.auth ?? always(404) },
    async (servers, session) => {
      const host = row.withheld === true ? { ...plain, kubeletCredentials: "withheld" as const } : plain;
      const answer = await pingAndAsk(session(row.anonymous === true ? undefined : alice), libraryAnswers, host);
      return { answer, lines: [...servers.registry.lines(), ...servers.auth.lines()], told: toldTo(servers.registry) };
    },
  );
  if (row.withheld === true) assert.deepEqual(result.told, [`Basic ${Buffer.from(":").toString("base64")}`]);
  return { result: result.answer, lines: result.lines };
}

const toldTo = ({ seen }: Loopback): readonly string[] =>
  seen.flatMap(({ authorization }) => (authorization === undefined ? [] : [authorization]));

const rows: readonly Row[] = [
  {
    name: "an open registry is asked for /v2/ first",
    registry: always(200),
    want: "200",
    lines: ["GET /v2/", `GET ${manifest}`],
  },
  {
    name: "Basic goes along from the first request on",
    registry: guarded(basic, `Basic ${Buffer.from("alice:s3cret-Pa55").toString("base64")}`),
    want: "200",
    lines: ["GET /v2/", `GET ${manifest} Basic`],
  },
  {
    name: "Basic without an account is tried empty",
    registry: guarded(basic, "never"),
    anonymous: true,
    want: "401",
    lines: ["GET /v2/", `GET ${manifest} Basic`],
  },
  {
    name: "what is withheld from a host is not told to it",
    registry: guarded(basic, "never"),
    withheld: true,
    want: "401",
    lines: ["GET /v2/", `GET ${manifest} Basic`],
  },
  {
    name: "a token is fetched by GET with the user's name",
    registry: guarded(named, "Bearer good"),
    auth: json({ token: "good" }),
    want: "200",
    lines: [
      "GET /v2/",
      `GET ${manifest} Bearer`,
      "GET /token?service=reg.test&scope=repository%3Ateam%2Fapp%3Apull&account=alice Basic",
    ],
  },
  {
    name: "token goes before access_token",
    registry: guarded(named, "Bearer good"),
    auth: json({ token: "good", access_token: "other" }),
    anonymous: true,
    want: "200",
    lines: ["GET /v2/", `GET ${manifest} Bearer`, "GET /token?service=reg.test&scope=repository%3Ateam%2Fapp%3Apull"],
  },
  {
    name: "an answer without a token is a token that nobody accepts",
    registry: guarded(named, "Bearer good"),
    auth: json({}),
    anonymous: true,
    want: "401",
    lines: ["GET /v2/", `GET ${manifest} Bearer`, "GET /token?service=reg.test&scope=repository%3Ateam%2Fapp%3Apull"],
  },
  {
    name: "a token server must answer 200",
    registry: guarded(named, "Bearer good"),
    auth: json({ token: "good" }, 201),
    anonymous: true,
    want: "token-status",
    lines: ["GET /v2/", "GET /token?service=reg.test&scope=repository%3Ateam%2Fapp%3Apull"],
  },
  {
    name: "a token of another type spoils the answer",
    registry: guarded(named, "Bearer good"),
    auth: json({ token: 5 }),
    anonymous: true,
    want: "token-unreadable",
    lines: ["GET /v2/", "GET /token?service=reg.test&scope=repository%3Ateam%2Fapp%3Apull"],
  },
  {
    name: "the first challenge that is understood decides",
    registry: (request, response) => {
      const challenges = ["Negotiate", basic, named];
      if (request.url === "/v2/") response.writeHead(401, { "www-authenticate": challenges }).end();
      else response.writeHead(request.authorization?.startsWith("Basic ") === true ? 200 : 401).end();
    },
    want: "200",
    lines: ["GET /v2/", `GET ${manifest} Basic`],
  },
  {
    name: "a challenge that comes with the manifest only is too late",
    registry: (request, response) =>
      request.url === "/v2/" ? response.end() : bearerRegistry(named)(request, response),
    auth: json({ token: "good" }),
    want: "401",
    lines: ["GET /v2/", `GET ${manifest}`],
  },
  {
    name: "a missing scope is asked for once",
    registry: guarded(named, "Bearer never", `${named},error="insufficient_scope",scope="repository:x:pull"`),
    auth: json({ token: "good" }),
    anonymous: true,
    want: "401",
    lines: [
      "GET /v2/",
      `GET ${manifest} Bearer`,
      `GET ${manifest} Bearer`,
      "GET /token?service=reg.test&scope=repository%3Ateam%2Fapp%3Apull",
      "GET /token?service=reg.test&scope=repository%3Ateam%2Fapp%3Apull&scope=repository%3Ax%3Apull",
    ],
  },
];

describe("a visit after a ping", () => {
  it("tells what was asked for and answers nothing by itself", async () => {
    await withServers({ registry: challenged(basic, bearer) }, async ({ registry, auth }, session) => {
      const { place, challenges } = await ping(session(alice));
      assert.equal(place, "http://reg.test/v2/");
      assert.deepEqual(
        challenges.map(({ scheme }) => scheme),
        ["basic", "bearer"],
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

  describe("by the rules of containers-image", () => {
    for (const row of rows) {
      it(row.name, async () => {
        const { result, lines } = await ask(row);
        assert.equal(summary(result), row.want);
        assert.deepEqual(lines, row.lines);
      });
    }

    const redirects: readonly (readonly [string, to: string, want: string])[] = [
      ["tells a place below the first nothing, and says that the node would have", "sub.reg.test", "redirect-refused"],
      ["lets another place speak for itself", "other.test", "401"],
    ];
    for (const [name, to, want] of redirects) {
      it(name, async () => {
        const registry: Answer = (request, response) => {
          if (request.url === "/v2/") challenged(basic)(request, response);
          else response.writeHead(307, { location: `http://${to}${manifest}` }).end();
        };
        await withServers({ registry, other: always(401) }, async ({ other }, session) => {
          assert.equal(summary(await pingAndAsk(session(alice), libraryAnswers)), want);
          assert.deepEqual(other.lines(), [`GET ${manifest}`]);
        });
      });
    }
  });
});
