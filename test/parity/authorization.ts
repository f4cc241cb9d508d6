import { type Behaviour, labUser, type RegistrySpec, secure } from "../support/lab/index.js";
import type { PullCredential } from "../support/real/index.js";
import { type ParityCase, type Scenario, together } from "./scenario.js";

const robot: PullCredential = { username: labUser.username, password: labUser.password };
const wrong: PullCredential = { username: labUser.username, password: "wrong" };
const noPassword: PullCredential = { username: labUser.username, password: "" };
const noUser: PullCredential = { username: "", password: labUser.password };
const empty: PullCredential = { username: "", password: "" };

function bearer(host: string, ...behaviours: readonly Behaviour[]): RegistrySpec {
  return secure(`${host}.test`, behaviours, "bearer");
}

function basic(host: string, ...behaviours: readonly Behaviour[]): RegistrySpec {
  return secure(`${host}.test`, behaviours, "basic");
}

const tokenless = (host: string, code: number): RegistrySpec =>
  bearer(host, { kind: "token-answer", answer: { status: code } });
const post = (host: string, answer: Extract<Behaviour, { kind: "token-post" }>["answer"]): RegistrySpec =>
  bearer(host, { kind: "token-post", answer });
const challenged = (host: string, auth: "basic" | "bearer", ...lines: readonly string[]): RegistrySpec =>
  (auth === "basic" ? basic : bearer)(host, { kind: "challenges", lines });

const registries: readonly RegistrySpec[] = [
  post("postaccess", "access-token"),
  post("posttokenonly", "token-only"),
  ...[400, 401, 403, 404, 405, 500, 503].map((code) => post(`post${code}`, { status: code })),
  ...[400, 401, 403, 404, 429, 500, 503].map((code) => tokenless(`token${code}`, code)),
  bearer("tokempty", { kind: "token-answer", answer: "empty" }),
  bearer("norealm", { kind: "no-realm" }),
  bearer("realmnoname", { kind: "realm", url: "https://nosuch-name.test/token" }),
  bearer("realmuntrusted", { kind: "realm", url: "https://unknown.test/token" }),
  bearer("realmrelative", { kind: "realm", url: "/token" }),
  bearer("realmgarbage", { kind: "realm", url: "ht!tp://[" }),
  bearer("realmelsewhere", { kind: "realm", url: "https://bearerpub.test/token" }),
  bearer("realmhttp", { kind: "realm", url: "http://tokenhttp.test:5000/token" }),
  { host: "tokenhttp.test", port: 5000, transport: { kind: "http" }, behaviours: [{ kind: "anonymous-tokens" }] },
  bearer("tokenhang", { kind: "realm", url: "https://hang.test/token" }),
  bearer("tokenloop", { kind: "realm", url: "https://redirectloop.test/token" }),
  challenged(
    "bearerandbasic",
    "bearer",
    'Bearer realm="{realm}",service="s",scope="repository:team/app:pull"',
    'Basic realm="x"',
  ),
  challenged("basicandbearer", "basic", 'Basic realm="x"', 'Bearer realm="{realm}",service="s"'),
  challenged("digestandbasic", "basic", 'Digest realm="x", nonce="n"', 'Basic realm="x"'),
  challenged("digestonly", "basic", 'Digest realm="x", nonce="n"'),
  challenged("onelinebasic", "basic", 'Negotiate, Basic realm="x"'),
  challenged("onelinebearer", "bearer", 'Basic realm="x", Bearer realm="{realm}",service="s"'),
  challenged("lowercase", "basic", 'basic realm="x"'),
  challenged("lowerbearer", "bearer", 'bearer realm="{realm}",service="s"'),
  challenged("norealmbasic", "basic", "Basic"),
  challenged("noscope", "bearer", 'Bearer realm="{realm}"'),
  challenged("spaced", "bearer", 'Bearer realm="{realm}", service="s", scope="repository:team/app:pull"'),
  challenged("unquoted", "bearer", "Bearer realm={realm},service=s"),
  challenged("firsterror", "bearer", 'Bearer realm="{realm}",service="s",error="invalid_token"'),
  challenged("otherscope", "bearer", 'Bearer realm="{realm}",service="s",scope="repository:other/app:pull"'),
  challenged(
    "twoscopes",
    "bearer",
    'Bearer realm="{realm}",service="s",scope="repository:team/app:pull repository:x:pull"',
  ),
  challenged("silent401", "basic"),
  bearer("anonforbidden", { kind: "anonymous-tokens" }, { kind: "forbidden" }),
  basic("basicforbidden", { kind: "forbidden" }),
  bearer("getsclosed", { kind: "anonymous-tokens" }, { kind: "method-status", method: "GET", status: 401 }),
  bearer("head405bearer", { kind: "head-405" }),
  bearer("redirbearer", { kind: "blob-redirect", to: "https://cdn.test" }),
];

const withWords: readonly (readonly [string, PullCredential | undefined])[] = [
  ["anonymous", undefined],
  ["right", robot],
  ["wrong", wrong],
];

function eachWay(host: string): ParityCase[] {
  return withWords.map(([word, credential]) => ({
    id: `${host.replace(/\.test$/, "")}-${word}`,
    image: `${host}/team/app:v1`,
    ...(credential === undefined ? {} : { credential }),
  }));
}

const standardHosts = [
  "basic.test",
  "basicport.test:8443",
  "bearer.test",
  "bearerpub.test",
  "denied.test",
  "forbidden.test",
  "hub.test",
  "scoped.test",
  "weird.test",
  "tokdown.test",
  "tokhtml.test",
  "lure.test",
  "ok.test",
];

const further: readonly ParityCase[] = [
  { id: "basic-no-password", image: "basic.test/team/app:v1", credential: noPassword },
  { id: "basic-no-user", image: "basic.test/team/app:v1", credential: noUser },
  { id: "basic-empty", image: "basic.test/team/app:v1", credential: empty },
  { id: "bearer-no-password", image: "bearer.test/team/app:v1", credential: noPassword },
  { id: "bearer-no-user", image: "bearer.test/team/app:v1", credential: noUser },
  { id: "bearerpub-no-password", image: "bearerpub.test/team/app:v1", credential: noPassword },
  { id: "bearerpub-no-user", image: "bearerpub.test/team/app:v1", credential: noUser },
  { id: "postaccess-no-user", image: "postaccess.test/team/app:v1", credential: noUser },
  { id: "bearer-digest", image: "bearer.test/team/app@{team/app:v1}", credential: robot },
  { id: "bearer-index", image: "bearer.test/idx:multi", credential: robot },
  { id: "bearer-missing-tag", image: "bearer.test/team/app:nope", credential: robot },
  { id: "bearer-missing-repository", image: "bearer.test/team/nothing:v1", credential: robot },
  { id: "basic-missing-tag", image: "basic.test/team/app:nope", credential: robot },
  { id: "basic-index", image: "basic.test/idx:multi", credential: robot },
  { id: "hub-hidden-right", image: "hub.test/nobody/none:v1", credential: robot },
  { id: "hub-hidden-anonymous", image: "hub.test/idx:multi" },
  { id: "scoped-hidden-anonymous", image: "scoped.test/nobody/none:v1" },
  { id: "scoped-hidden-right", image: "scoped.test/library/solo:latest", credential: robot },
  { id: "hub-docker-io-right", image: "docker.io/team/app:v1", credential: robot },
  { id: "hub-docker-io-wrong", image: "docker.io/team/app:v1", credential: wrong },
];

/** Users, passwords, challenges and token endpoints. */
export const authorization: Scenario = together([
  {
    registries,
    cases: registries.filter((spec) => spec.auth !== "none" && spec.port === 443).flatMap((spec) => eachWay(spec.host)),
  },
  { registries: [], cases: standardHosts.flatMap(eachWay) },
  { registries: [], cases: further },
]);
