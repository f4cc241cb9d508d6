import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { assembleCheck } from "../../src/bin/assemble.js";
import { systemClock } from "../../src/bin/system.js";
import type { NodeView } from "../../src/cli/index.js";
import { inMemorySecretSource, parsePullSecret, pullSecretFromDockerConfig } from "../../src/credentials/index.js";
import type { Finding } from "../../src/findings/index.js";
import { nodeFilesFromMap } from "../../src/node/index.js";
import { readWorkloads } from "../../src/workload/index.js";

const path = "/etc/node/config.json";
const never = new AbortController().signal;

describe("a check that was given the nodes' credentials", () => {
  let registry: Server;
  let host: string;
  let tried: string[];
  beforeEach(async () => {
    tried = [];
    registry = createServer((request, response) => {
      const [, encoded = ""] = (request.headers.authorization ?? "").split(" ");
      const user = Buffer.from(encoded, "base64").toString();
      if (user !== "" && !tried.includes(user)) tried.push(user);
      // Who may come in learns that there is no such repository, which tells the two apart.
      const challenge = { "www-authenticate": 'Basic realm="test"' };
      response.writeHead(user === "node:right" ? 404 : 401, user === "node:right" ? {} : challenge).end();
    });
    await new Promise<void>((resolve) => registry.listen(0, "127.0.0.1", resolve));
    host = `127.0.0.1:${(registry.address() as AddressInfo).port}`;
  });
  afterEach(
    () =>
      new Promise((resolve) => {
        registry.closeAllConnections();
        registry.close(resolve);
      }),
  );

  const configOf = (user: string, password: string) =>
    JSON.stringify({ auths: { [host]: { username: user, password } } });
  const secretOf = (name: string, text: string) => pullSecretFromDockerConfig({ namespace: "shop", name, text });
  const entriesOf = (password: string) => parsePullSecret(secretOf("any", configOf("node", password))).entries;

  const providers = (): NonNullable<NodeView["root"]> => {
    const config = {
      apiVersion: "kubelet.config.k8s.io/v1",
      kind: "CredentialProviderConfig",
      providers: [{ name: "cloud-login", matchImages: [host] }],
    };
    const files = nodeFilesFromMap({ "/etc/kubernetes/credential-provider-config.json": JSON.stringify(config) });
    return { path: "/node", files };
  };

  function open(node: NodeView) {
    const { check, close } = assembleCheck({
      clock: systemClock,
      version: "test",
      secrets: inMemorySecretSource({
        secrets: [secretOf("login", configOf("pod", "stale"))],
        serviceAccounts: [],
        absent: { kind: "not-found" },
      }),
      missingSecretsMayAppear: false,
      node: { runtime: "containerd://1.7.13", ...node },
      injectServiceAccount: "templates",
      lingerMs: 0,
    });
    const ask = async (): Promise<Finding> => {
      const pod = {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { namespace: "shop", name: "web" },
        spec: {
          imagePullSecrets: [{ name: "login" }],
          containers: [{ name: "app", image: `${host}/team/app:v1`, imagePullPolicy: "Always" }],
        },
      };
      const [finding] = (await check({ workloads: readWorkloads(pod) }, never)).findings;
      assert.ok(finding);
      return finding;
    };
    return { ask, close };
  }

  const table: readonly {
    readonly name: string;
    readonly given: () => NodeView;
    readonly want: { readonly verdict: string; readonly cause: string; readonly tried: readonly string[] };
  }[] = [
    {
      name: "does not know while it was not given them",
      given: () => ({ credentials: "unknown" }),
      want: { verdict: "unknown", cause: "CredentialsRejected", tried: ["pod:stale"] },
    },
    {
      name: "does not know while a credential provider may have more, whatever is said of nodes in general",
      given: () => ({ credentials: "none", root: providers() }),
      want: { verdict: "unknown", cause: "CredentialsRejected", tried: ["pod:stale"] },
    },
    {
      name: "tries them after the Pod's Secrets",
      given: () => ({ credentials: { path, entries: () => entriesOf("right") } }),
      want: { verdict: "unpullable", cause: "RepositoryNotFound", tried: ["pod:stale", "node:right"] },
    },
    {
      name: "knows that a pull fails if they do not open the registry either",
      given: () => ({ credentials: { path, entries: () => entriesOf("wrong") } }),
      want: { verdict: "unpullable", cause: "CredentialsRejected", tried: ["pod:stale", "node:wrong"] },
    },
    {
      name: "waits for no credential provider then",
      given: () => ({ credentials: { path, entries: () => entriesOf("wrong") }, root: providers() }),
      want: { verdict: "unpullable", cause: "CredentialsRejected", tried: ["pod:stale", "node:wrong"] },
    },
    {
      name: "tries what a node's own file holds before them",
      given: () => {
        const files = nodeFilesFromMap({ "/var/lib/kubelet/config.json": configOf("node", "old") });
        return { credentials: { path, entries: () => entriesOf("right") }, root: { path: "/node", files } };
      },
      want: { verdict: "unpullable", cause: "RepositoryNotFound", tried: ["pod:stale", "node:old", "node:right"] },
    },
  ];
  for (const { name, given, want } of table) {
    it(name, async () => {
      const { ask, close } = open(given());
      try {
        const { verdict, cause } = await ask();
        assert.deepEqual({ verdict, cause, tried }, want);
      } finally {
        await close();
      }
    });
  }

  it("uses other ones as soon as the file holds them", async () => {
    let entries = entriesOf("wrong");
    const { ask, close } = open({ credentials: { path, entries: () => entries } });
    try {
      const before = await ask();
      assert.equal(before.cause, "CredentialsRejected");
      entries = entriesOf("right");
      assert.equal((await ask()).cause, "RepositoryNotFound");
      assert.ok(!JSON.stringify(before).includes("wrong"));
    } finally {
      await close();
    }
  });
});
