import assert from "node:assert/strict";
import type { Exchange } from "../../src/registry/index.js";
import { type Answer, clientWith, headOf, type Loopback, listen, registryHost, route, using } from "./loopback.js";
import { alice, bearerRegistry, deadline, json, manifest, summary } from "./token-pair.js";

/** Spoken to in the clear, as its configuration allows. */
const insecure = registryHost("reg.test", { httpFallback: "plain-http-or-unreachable" });
const bearer = 'Bearer realm="http://auth.test/token",service="reg.test"';

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

async function ask(row: Row, count = 1): Promise<{ readonly results: Exchange[]; readonly lines: readonly string[] }> {
  const servers: [Loopback, Loopback] = [await listen(row.registry), await listen(row.auth ?? always(404))];
  const client = clientWith({ connectTo: route({ "reg.test": servers[0].port, "auth.test": servers[1].port }) });
  const results: Exchange[] = [];
  await using([...servers, client], async () => {
    const session = client.session(row.anonymous === true ? undefined : alice);
    const host = row.withheld === true ? { ...insecure, kubeletCredentials: "withheld" as const } : insecure;
    for (let asked = 0; asked < count; asked += 1) {
      results.push(await session.exchange(headOf(host, { method: "GET", pingsFirst: true }), deadline()));
    }
  });
  return { results, lines: servers.flatMap((server) => server.lines()) };
}

const rows: readonly Row[] = [
  {
    name: "an open registry is asked for /v2/ first",
    registry: always(200),
    want: "200",
    lines: ["GET /v2/", `GET ${manifest}`],
  },
  {
    name: "a registry without /v2/ is asked for nothing else",
    registry: always(404),
    want: "404",
    lines: ["GET /v2/"],
  },
  {
    name: "Basic goes along from the first request on",
    registry: guarded('Basic realm="r"', `Basic ${Buffer.from("alice:s3cret-Pa55").toString("base64")}`),
    want: "200",
    lines: ["GET /v2/", `GET ${manifest} Basic`],
  },
  {
    name: "Basic without an account is tried empty",
    registry: guarded('Basic realm="r"', "never"),
    anonymous: true,
    want: "401",
    lines: ["GET /v2/", `GET ${manifest} Basic`],
  },
  {
    name: "what is withheld from a host is not told to it",
    registry: guarded('Basic realm="r"', "never"),
    withheld: true,
    want: "401",
    lines: ["GET /v2/", `GET ${manifest} Basic`],
  },
  {
    name: "a token is fetched by GET with the user's name",
    registry: guarded(bearer, "Bearer good"),
    auth: json({ token: "good" }),
    want: "200",
    lines: [
      "GET /v2/",
      `GET ${manifest} Bearer`,
      "GET /token?account=alice&service=reg.test&scope=repository%3Ateam%2Fapp%3Apull Basic",
    ],
  },
  {
    name: "token goes before access_token",
    registry: guarded(bearer, "Bearer good"),
    auth: json({ token: "good", access_token: "other" }),
    anonymous: true,
    want: "200",
    lines: ["GET /v2/", `GET ${manifest} Bearer`, "GET /token?service=reg.test&scope=repository%3Ateam%2Fapp%3Apull"],
  },
  {
    name: "an answer without a token is a token that nobody accepts",
    registry: guarded(bearer, "Bearer good"),
    auth: json({}),
    anonymous: true,
    want: "401",
    lines: ["GET /v2/", `GET ${manifest} Bearer`, "GET /token?service=reg.test&scope=repository%3Ateam%2Fapp%3Apull"],
  },
  {
    name: "a token server must answer 200",
    registry: guarded(bearer, "Bearer good"),
    auth: json({ token: "good" }, 201),
    anonymous: true,
    want: "token-status",
    lines: ["GET /v2/", "GET /token?service=reg.test&scope=repository%3Ateam%2Fapp%3Apull"],
  },
  {
    name: "a token of another type spoils the answer",
    registry: guarded(bearer, "Bearer good"),
    auth: json({ token: 5 }),
    anonymous: true,
    want: "token-unreadable",
    lines: ["GET /v2/", "GET /token?service=reg.test&scope=repository%3Ateam%2Fapp%3Apull"],
  },
  {
    name: "the first challenge that is understood decides",
    registry: (request, response) => {
      const challenges = ["Negotiate", 'Basic realm="r"', bearer];
      if (request.url === "/v2/") response.writeHead(401, { "www-authenticate": challenges }).end();
      else response.writeHead(request.authorization?.startsWith("Basic ") === true ? 200 : 401).end();
    },
    want: "200",
    lines: ["GET /v2/", `GET ${manifest} Basic`],
  },
  {
    name: "a challenge that comes with the manifest only is too late",
    registry: (request, response) =>
      request.url === "/v2/" ? response.end() : bearerRegistry(bearer)(request, response),
    auth: json({ token: "good" }),
    want: "401",
    lines: ["GET /v2/", `GET ${manifest}`],
  },
  {
    name: "a missing scope is asked for once",
    registry: guarded(bearer, "Bearer never", `${bearer},error="insufficient_scope",scope="repository:x:pull"`),
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

describe("requests after a ping", () => {
  for (const row of rows) {
    it(row.name, async () => {
      const { results, lines } = await ask(row);
      assert.deepEqual(results.map(summary), [row.want]);
      assert.deepEqual(lines, row.lines);
    });
  }

  it("tell that it was the ping that failed", async () => {
    const { results } = await ask({ name: "", registry: always(503), want: "", lines: [] });
    const [result] = results;
    assert.equal(result?.kind === "response" && result.ofPing, true);
  });

  it("tell a host from which credentials are withheld nothing of them", async () => {
    const server = await listen(guarded('Basic realm="r"', "never"));
    const client = clientWith({ connectTo: route({ "reg.test": server.port }) });
    await using([server, client], async () => {
      const host = { ...insecure, kubeletCredentials: "withheld" } as const;
      for (const pingsFirst of [{ pingsFirst: true } as const, {}]) {
        await client.session(alice).exchange(headOf(host, { method: "GET", ...pingsFirst }), deadline());
      }
      const told = server.seen.flatMap(({ authorization }) => (authorization === undefined ? [] : [authorization]));
      assert.deepEqual(told, [`Basic ${Buffer.from(":").toString("base64")}`]);
    });
  });

  it("ping once a session", async () => {
    const { lines } = await ask({ name: "", registry: always(200), want: "", lines: [] }, 3);
    assert.deepEqual(lines, ["GET /v2/", `GET ${manifest}`, `GET ${manifest}`, `GET ${manifest}`]);
  });

  it("never leave https where the host must be trusted", async () => {
    const server = await listen(always(200));
    const client = clientWith({ connectTo: route({ "reg.test": server.port }) });
    await using([server, client], async () => {
      const request = headOf(registryHost("reg.test"), { method: "GET", pingsFirst: true });
      assert.equal(summary(await client.session(alice).exchange(request, deadline())), "plain-http");
      assert.deepEqual(server.lines(), []);
    });
  });
});
