import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redacted } from "../../src/core/index.js";
import type { PullSecret } from "../../src/credentials/index.js";
import type { Finding } from "../../src/findings/index.js";
import { type Authority, createAuthority } from "../support/authority.js";
import { createEngine } from "../support/engine.js";
import { certsRoot, knowsAuthority, labUser } from "../support/lab/index.js";
import { type DockerRegistry, startDockerRegistry, whyNoDockerRegistry } from "../support/real/docker-registry.js";
import { type SecondOpinion, secondOpinions } from "../support/real/second-opinion.js";
import { startTokenServer, type TokenServer } from "../support/real/token-server.js";

const required = process.env.PULLGUARD_REQUIRE_REAL === "1";

/** `htpasswd -nbBC 5` of {@link labUser}. */
const htpasswdLine = `${labUser.username}:$2b$05$pullguardtestsalt1234ufxexO1hhiveHAWXnCC0GcnAJWJmujVu`;
const wrongPassword = "wr0ng-pass";

/** What both ask for; `second` is what docker-registry-client makes of it. */
interface Case {
  readonly name: string;
  readonly password?: string;
  /** Key of the Secret's entry; the registry itself where absent. */
  readonly key?: string;
  readonly image: string;
  readonly want: Pick<Finding, "verdict" | "cause">;
  readonly second: SecondOpinion["kind"];
}

const right = labUser.password;
const cases: readonly Case[] = [
  {
    name: "the right password",
    password: right,
    image: "team/app:v1",
    want: { verdict: "pullable", cause: null },
    second: "found",
  },
  {
    name: "a wrong password",
    password: wrongPassword,
    image: "team/app:v1",
    want: { verdict: "unpullable", cause: "CredentialsRejected" },
    second: "unauthorized",
  },
  {
    name: "no credentials",
    image: "team/app:v1",
    want: { verdict: "unpullable", cause: "PullSecretMissing" },
    second: "unauthorized",
  },
  {
    name: "credentials for another registry",
    password: right,
    key: "other.test",
    image: "team/app:v1",
    want: { verdict: "unpullable", cause: "PullSecretForOtherRegistry" },
    second: "unauthorized",
  },
  {
    name: "a tag that was never pushed",
    password: right,
    image: "team/app:v3",
    want: { verdict: "unpullable", cause: "TagNotFound" },
    second: "not-found",
  },
  {
    name: "a repository that was never pushed",
    password: right,
    image: "team/none:v1",
    want: { verdict: "unpullable", cause: "RepositoryNotFound" },
    second: "not-found",
  },
];

/** The token server vouches for nothing but team/. */
const tokenCases: readonly Case[] = [
  ...cases,
  {
    name: "a repository that the account may not read",
    password: right,
    image: "solo:latest",
    want: { verdict: "unpullable", cause: "RepositoryHidden" },
    second: "unauthorized",
  },
];

/** The registry of one suite, once it has started, and the digest of what was pushed last. */
interface Fixture {
  started?: DockerRegistry;
  digest: string;
}

describe("a real registry", () => {
  let authority: Authority;
  let folder: string | undefined;
  let caFile: string;

  before(async function () {
    const obstacle = whyNoDockerRegistry();
    if (obstacle !== undefined) {
      if (required) throw new Error(`PULLGUARD_REQUIRE_REAL is set, but ${obstacle}`);
      console.warn(`\n  SKIPPED, no real registry was asked: ${obstacle}\n`);
      this.skip();
    }
    authority = await createAuthority("Registry Authority");
    folder = mkdtempSync(join(tmpdir(), "pullguard-authority-"));
    caFile = join(folder, "ca.pem");
    writeFileSync(caFile, authority.certificatePem);
  });
  after(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  describe("with htpasswd", () => {
    const registry: Fixture = { digest: "" };

    before(async () => {
      const certificate = await authority.issue({ names: ["localhost"] });
      const auth = { kind: "htpasswd", htpasswdLine } as const;
      registry.started = await startDockerRegistry(certificate, authority.certificatePem, auth);
      const basic = Buffer.from(`${labUser.username}:${labUser.password}`).toString("base64");
      registry.digest = await registry.started.push({ repository: "team/app", tag: "v1" }, `Basic ${basic}`);
    });
    after(() => registry.started?.stop());

    for (const asked of cases) it(`is judged right with ${asked.name}`, () => compare(registry, asked));

    it("is seen alike by docker-registry-client", () => compareOpinions(registry, cases));
  });

  describe("with a token server", () => {
    const registry: Fixture = { digest: "" };
    let tokens: TokenServer | undefined;

    before(async () => {
      const certificate = await authority.issue({ names: ["localhost"] });
      const names = { service: "registry", issuer: "Token Authority" };
      const readable = ["team/app", "team/none"];
      tokens = await startTokenServer({ certificate, ...names, user: labUser, readable });
      const auth = { kind: "token", realm: tokens.realm, ...names, rootsPem: authority.certificatePem } as const;
      registry.started = await startDockerRegistry(certificate, authority.certificatePem, auth);
      for (const image of [
        { repository: "solo", tag: "latest" },
        { repository: "team/app", tag: "v1" },
      ]) {
        const token = tokens.make([{ repository: image.repository, actions: ["pull", "push"] }]);
        registry.digest = await registry.started.push(image, `Bearer ${token}`);
      }
    });
    after(async () => {
      await registry.started?.stop();
      await tokens?.stop();
    });

    for (const asked of tokenCases) it(`is judged right with ${asked.name}`, () => compare(registry, asked));

    it("is asked by tokens for one repository each", () => {
      const scopes = new Set(tokens?.asked.map((request) => request.split(" ").slice(1).join(" ")));
      const names = ["solo", "team/app", "team/none"];
      assert.deepEqual(
        [...scopes].sort(),
        names.map((name) => `repository:${name}:pull`),
      );
    });

    it("is seen alike by docker-registry-client", () => compareOpinions(registry, tokenCases));
  });

  async function compare({ started, digest }: Fixture, asked: Case): Promise<void> {
    assert.ok(started);
    const finding = await judge(started, asked);
    const shown = `${JSON.stringify(finding)}\n${started.log().slice(-2000)}`;
    assert.deepEqual({ verdict: finding.verdict, cause: finding.cause }, asked.want, shown);
    if (asked.want.verdict === "pullable") assert.equal(finding.digest, digest);
  }

  async function compareOpinions({ started, digest }: Fixture, asked: readonly Case[]): Promise<void> {
    assert.ok(started);
    const questions = asked.map(({ image, password, key }) => {
      const [repository = "", tag = ""] = image.split(":");
      const user = password === undefined || key !== undefined ? undefined : { ...labUser, password };
      return { name: `localhost:${started.port}/${repository}`, tag, ...(user === undefined ? {} : { user }) };
    });
    const opinions = await secondOpinions(questions, caFile);
    const want = asked.map(({ second }) => (second === "found" ? { kind: second, digest } : { kind: second }));
    assert.deepEqual(opinions, want);
  }

  /** Through the whole engine, as for a Pod on a node that trusts the authority. */
  async function judge({ port }: DockerRegistry, asked: Case): Promise<Finding> {
    const address = `localhost:${port}`;
    const certs = Object.entries(knowsAuthority(address)).map(
      ([name, body]) => [`${certsRoot}/${address}/${name}`, body.replaceAll("{ca}", authority.certificatePem)] as const,
    );
    const engine = createEngine({
      lab: { connectTo: (_hostname, dialled) => ({ address: "127.0.0.1", port: dialled }), lookup: refuseLookup },
      nodeFiles: Object.fromEntries(certs),
      runtime: "containerd://1.7.13",
      platform: "linux/amd64",
      secrets: asked.password === undefined ? [] : [secretOf(asked.key ?? address, asked.password)],
    });
    try {
      const imagePullSecrets = asked.password === undefined ? [] : [{ name: "regcred" }];
      return await engine.checkImage(`${address}/${asked.image}`, { spec: { imagePullSecrets } });
    } finally {
      await engine.close();
    }
  }
});

function refuseLookup(hostname: string): void {
  throw new Error(`nobody shall look up ${hostname}`);
}

function secretOf(key: string, password: string): PullSecret {
  const config = JSON.stringify({ auths: { [key]: { username: labUser.username, password } } });
  return {
    namespace: "shop",
    name: "regcred",
    type: "kubernetes.io/dockerconfigjson",
    resourceVersion: "1",
    data: new Map([[".dockerconfigjson", new Redacted(config)]]),
  };
}
