import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assembleCheck } from "../../src/bin/assemble.js";
import { type OpenPolicy, openPolicy } from "../../src/bin/policy.js";
import { systemClock } from "../../src/bin/system.js";
import { readConfigFile } from "../../src/cli/config-file.js";
import { loadServeConfig } from "../../src/config/index.js";
import type { Clock } from "../../src/core/index.js";
import { inMemorySecretSource } from "../../src/credentials/index.js";
import { Readiness } from "../../src/server/index.js";
import { createLogger, createMetrics } from "../../src/telemetry/index.js";
import { readWorkloads } from "../../src/workload/index.js";
import { podReview, realClock, recordingCheck } from "../admission/doubles.js";
import { invalidConfigs } from "../policy/invalid-configs.js";
import { appWith, noMetrics, post } from "../server/doubles.js";

/** Waits for a changed file end when the test says so. */
function pollingClock(): Clock & { tick(): Promise<void> } {
  let wake: (() => void) | undefined;
  return {
    nowMs: () => Date.now(),
    sleep: (_ms, signal) =>
      new Promise((resolve, reject) => {
        const onAbort = (): void => reject(signal?.reason);
        signal?.addEventListener("abort", onAbort);
        wake = () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        };
      }),
    tick: async () => {
      wake?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

describe("the policy of a running server", () => {
  let folder = "";
  let file = "";
  let policy: OpenPolicy | undefined;
  let logged: string[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "pullguard-policy-"));
    file = join(folder, "config.yaml");
    logged = [];
  });
  afterEach(async () => {
    policy?.stop();
    await rm(folder, { recursive: true });
  });

  const document = (spec: object) => JSON.stringify({ apiVersion: "pullguard.dev/v1", kind: "PullguardConfig", spec });
  const deny = document({ defaults: { unpullable: ["Deny"] } });

  function open(clock: Clock, env: Readonly<Record<string, string>> = {}): OpenPolicy {
    const config = loadServeConfig({
      flags: { config: file, noCluster: true },
      env: {},
      readFile: (path) => readConfigFile(path).settings,
    });
    return openPolicy(config, {
      clock,
      env,
      logger: createLogger({ level: "info", stream: { write: (line: string) => void logged.push(line) } }),
      metrics: createMetrics({ version: "test" }),
      readPolicy: (path) => readConfigFile(path).policy,
    });
  }

  function appOf({ decide, scope }: OpenPolicy) {
    const { check } = recordingCheck("unpullable");
    return appWith(check, {
      admission: { check, decide, scope, clock: realClock },
      readiness: new Readiness([]),
      metrics: noMetrics,
    });
  }

  it("is that of the file, with settings beside it, and follows it", async () => {
    const clock = pollingClock();
    await writeFile(file, `mode: audit\n---\n${deny}\n`);
    policy = open(clock);
    const app = appOf(policy);
    const allowed = async (): Promise<boolean> => (await post(app, podReview())).body.response.allowed;
    assert.equal(await allowed(), false);
    await writeFile(file, "mode: audit\n");
    await clock.tick();
    const { response } = (await post(app, podReview())).body;
    assert.deepEqual(Object.keys(response), ["uid", "allowed", "auditAnnotations"], "the mode alone counts");
    await writeFile(file, deny);
    await clock.tick();
    assert.equal(await allowed(), false);
  });

  it("stays the last good one through every invalid file, and each is logged with its fault", async () => {
    const clock = pollingClock();
    await writeFile(file, deny);
    policy = open(clock);
    const app = appOf(policy);
    let tried = 0;
    for (const { name, document: invalid, want } of invalidConfigs) {
      // In a file a name does not matter, and what is no resource is settings.
      if (name === "another name" || typeof invalid !== "object" || invalid === null || Array.isArray(invalid))
        continue;
      await writeFile(file, JSON.stringify(invalid));
      logged = [];
      await clock.tick();
      assert.equal((await post(app, podReview())).body.response.allowed, false, name);
      assert.deepEqual(JSON.parse(logged[0] ?? "{}").faults, want, name);
      tried += 1;
    }
    assert.ok(tried >= 50);
    for (const text of ["", "# all gone", "a: [", "\u0000", "{", "- a list", `${deny}\n---\n${deny}`]) {
      await writeFile(file, text);
      await clock.tick();
      assert.equal((await post(app, podReview())).body.response.allowed, false, text);
    }
    await rm(file);
    await clock.tick();
    assert.equal((await post(app, podReview())).body.response.allowed, false, "the file is gone");
    await writeFile(file, document({ defaults: { unpullable: ["Ignore"] } }));
    await clock.tick();
    assert.deepEqual((await post(app, podReview())).body.response, { uid: "uid-1", allowed: true });
  });

  it("must be valid at the start", async () => {
    await writeFile(file, document({ rule: [] }));
    assert.throws(() => open(pollingClock()), { code: "ConfigInvalid", message: `${file}: spec.rule: no such field` });
  });

  describe("says what may be dialled:", () => {
    let registry: Server;
    let connections = 0;
    beforeEach(async () => {
      connections = 0;
      registry = createServer((_request, response) => response.writeHead(404).end());
      registry.on("connection", () => {
        connections += 1;
      });
      await new Promise<void>((resolve) => registry.listen(0, "127.0.0.1", resolve));
    });
    afterEach(() => new Promise((resolve) => registry.close(resolve)));

    async function causeOf(image: string, spec: object, env: Readonly<Record<string, string>>): Promise<string> {
      await writeFile(file, document(spec));
      policy = open(pollingClock(), env);
      const { check, close } = assembleCheck({
        clock: systemClock,
        version: "test",
        secrets: inMemorySecretSource({ secrets: [], serviceAccounts: [], absent: { kind: "not-found" } }),
        missingSecretsMayAppear: false,
        node: { credentials: "none", runtime: "containerd://2.1.0", platform: "linux/amd64" },
        injectServiceAccount: "templates",
        addressRules: policy.addressRules,
        lingerMs: 0,
      });
      try {
        const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "a" }, spec: { containers: [{ image }] } };
        const { findings } = await check({ workloads: readWorkloads(pod) }, AbortSignal.timeout(10_000));
        return `${findings[0]?.verdict} ${findings[0]?.cause}`;
      } finally {
        await close();
        policy.stop();
      }
    }

    const inPod = { KUBERNETES_SERVICE_HOST: "10.96.0.1" };
    const allow = (dial: object) => ({ registries: { dial } });

    for (const image of ["169.254.169.254/latest/meta-data:v1", "metadata.google.internal/a/b:v1"]) {
      it(`never ${image}`, async () => {
        assert.equal(await causeOf(image, {}, {}), "unknown RegistryAddressForbidden");
      });
    }
    for (const host of ["10.96.0.1", "10.96.200.7:5000", "127.0.0.1:5000", "localhost:5000"]) {
      it(`in a Pod not ${host}`, async () => {
        assert.equal(await causeOf(`${host}/a/b:v1`, {}, inPod), "unknown RegistryAddressForbidden");
      });
    }
    it("in a Pod the loopback where that is allowed, and outside of one", async () => {
      const host = `127.0.0.1:${(registry.address() as AddressInfo).port}`;
      const image = `${host}/a/b:v1`;
      assert.equal(await causeOf(image, {}, inPod), "unknown RegistryAddressForbidden");
      assert.equal(connections, 0);
      for (const dial of [{ allowHosts: [host] }, { allowCIDRs: ["127.0.0.0/8"] }]) {
        assert.doesNotMatch(await causeOf(image, allow(dial), inPod), /RegistryAddressForbidden/);
      }
      assert.doesNotMatch(await causeOf(image, {}, {}), /RegistryAddressForbidden/);
      assert.ok(connections > 0);
    });
    it("what the configuration forbids, by range or by name", async () => {
      const image = `127.0.0.1:${(registry.address() as AddressInfo).port}/a/b:v1`;
      assert.equal(await causeOf(image, allow({ denyCIDRs: ["127.0.0.0/8"] }), {}), "unknown RegistryAddressForbidden");
      assert.equal(
        await causeOf("reg.corp.test/a/b:v1", allow({ denyHosts: ["*.corp.test"] }), {}),
        "unknown RegistryAddressForbidden",
      );
      assert.equal(connections, 0);
    });
  });
});
