import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "../../src/bin/serve.js";
import { systemClock } from "../../src/bin/system.js";
import { makeServingCertificates, writeServingCertificates } from "../../src/certs/index.js";
import { createCheck } from "../../src/check/index.js";
import { runCli } from "../../src/cli/index.js";
import {
  inMemorySecretSource,
  parseCredentialProviderConfig,
  parsePullSecret,
  pullSecretFromDockerConfig,
  pullSecretFromObject,
  type SecretSource,
  selectPullSecrets,
} from "../../src/credentials/index.js";
import { fixedNodes, nodeFilesFromMap, parseRuntime, seenNodeProfile } from "../../src/node/index.js";
import { decide } from "../../src/policy/index.js";
import { createPredictor } from "../../src/prediction/index.js";
import { createRegistryClient } from "../../src/registry/index.js";
import { createLogger, createMetrics } from "../../src/telemetry/index.js";
import { readWorkloads } from "../../src/workload/index.js";
import { podReview } from "../admission/doubles.js";
import { fakeIo } from "../cli/fake-io.js";
import { podOf } from "../support/engine.js";
import { type Lab, labUser, startLab } from "../support/lab/index.js";
import {
  base64,
  configOf,
  hosts,
  images,
  manifestOf,
  namespace,
  pairOf,
  presignature,
  registries,
  secretTexts,
  wrongUser,
} from "./leak-bait.js";
import { type LeakWatch, watchFor } from "./leaks.js";

describe("no credential comes out", () => {
  const watch = newWatch();
  let lab: Lab;
  let folder: string;

  before(async () => {
    lab = await startLab({ ports: "ephemeral", registries });
    folder = await mkdtemp(join(tmpdir(), "pullguard-no-leak-"));
  });
  after(async () => {
    await lab.stop();
    await rm(folder, { recursive: true });
  });
  afterEach(async () => {
    // The laboratory makes equal tokens for equal scopes: these are the ones that it has handed out.
    for (const host of ["bearer.test", "post.test"]) {
      const token = await askedToken(lab, host);
      watch.add("a token", token);
      watch.add("the signature of a token", token.split(".")[1] ?? token);
    }
    watch.assertNone();
  });

  it("of the command line, whatever it is asked", async () => {
    for (const name of Object.keys(secretTexts)) {
      const file = join(folder, `${name}.yaml`);
      const pods = images.map((image) => podOf(image, { imagePullSecrets: [{ name }] }));
      await writeFile(file, [manifestOf(name), ...pods].map((object) => JSON.stringify(object)).join("\n---\n"));
      const config = join(folder, `${name}.json`);
      await writeFile(config, secretTexts[name] ?? "");
      for (const output of ["text", "json"]) {
        await cli(["check", "-f", file, "--no-cluster", "-n", namespace, "-o", output]);
        await cli(["check", ...images.slice(0, 2), "--pull-secret", config, "--no-cluster", "-o", output]);
        for (const image of images.slice(0, 2)) {
          await cli(["explain", "secret", name, image, "-n", namespace, "-f", file, "--no-cluster", "-o", output]);
          await cli(["explain", "secret", image, "--pull-secret", config, "-o", output]);
        }
        await cli(["explain", "secret", name, "-n", namespace, "-f", file, "--no-cluster", "-o", output]);
      }
    }
    const printed = watch.textOf("the command line");
    for (const part of [
      /CredentialsRejected/,
      /can be pulled|✔ basic\.test/,
      /user robot, password \*{8}/,
      /malformed/,
    ]) {
      assert.match(printed, part);
    }
    assertAsked();
  });

  it("of the command line for files that cannot be read", async () => {
    const { password } = labUser;
    const broken = [
      `kind: Secret\napiVersion: v1\nstringData: {password: ${password}`,
      `kind: Secret\n\t${password}: x`,
      `a: *${password}`,
      JSON.stringify({ ...manifestOf("right"), data: { ".dockerconfigjson": `%${password}%` } }),
      JSON.stringify({ ...manifestOf("right"), data: { ".dockerconfigjson": [password] } }),
      JSON.stringify({ ...manifestOf("right"), stringData: password }),
      `{"apiVersion":"v1","kind":"Secret","data":{"x":"${password}" oops`,
    ];
    for (const [at, text] of broken.entries()) {
      const file = join(folder, `broken-${at}.yaml`);
      await writeFile(file, text);
      await cli(["check", "-f", file, "--no-cluster"]);
      await cli(["check", "nginx", "--pull-secret", file, "--no-cluster"]);
      await cli(["explain", "secret", "right", "-n", namespace, "-f", file, "--no-cluster"]);
      await cli(["explain", "secret", "--pull-secret", file]);
    }
    assert.match(watch.textOf("the command line"), /error: .*broken-0\.yaml/);
  });

  it("of the webhook, its log at trace level and its metrics", async () => {
    const { answers } = await overWebhook(async (post, get) => {
      const posted: string[] = [];
      for (const name of Object.keys(secretTexts)) {
        const spec = {
          imagePullSecrets: [{ name }],
          containers: images.map((image, at) => ({ name: `c${at}`, image })),
        };
        posted.push(await post(JSON.stringify(podReview({ namespace, object: podOf("", spec) }))));
      }
      for (const body of [`{"request":"${labUser.password}`, labUser.password, `"${labUser.password}"`]) {
        posted.push(await post(body));
      }
      watch.saw("the metrics", await get("/metrics"));
      return posted;
    });
    for (const answer of answers) watch.saw("the webhook", answer);
    assert.match(watch.textOf("the webhook"), /CredentialsRejected/);
    assert.match(watch.textOf("the log"), /"admission"/);
    assert.match(watch.textOf("the metrics"), /registry_requests_total\{registry="bearer\.test"/);
    assertAsked();
  });

  it("of any object that a debugger, a console or a crash report would show", async () => {
    const { check, client, close } = checkOver(inMemory());
    try {
      for (const name of Object.keys(secretTexts)) {
        const workloads = images.flatMap((image) => readWorkloads(podOf(image, { imagePullSecrets: [{ name }] })));
        watch.saw("a report", await check({ workloads }, AbortSignal.timeout(10_000)));
        watch.saw("a Secret", pullSecretFromObject(manifestOf(name)));
        watch.saw("a parsed Secret", parsePullSecret(pullSecretFromObject(manifestOf(name))));
        const request = { namespace, imagePullSecrets: [name], serviceAccountName: "", injectServiceAccount: false };
        const deps = { source: inMemory(), identityKey: randomBytes(32) };
        const selection = await selectPullSecrets(deps, request, AbortSignal.timeout(1000));
        watch.saw("a selection", selection);
        watch.saw("credentials", selection.keyring.lookup("basic.test/team/app"));
        watch.saw("near misses", selection.keyring.nearMisses("other.test/team/app"));
      }
      watch.saw("the check", check);
      watch.saw("the registry client", client);
      watch.saw("a crash report", JSON.stringify(process.report.getReport()));
    } finally {
      await close();
    }
    assert.match(watch.textOf("a report"), /CredentialsRejected/);
    assert.match(watch.textOf("credentials"), /robot/);
  });

  it("of an error, its stack and its causes", () => {
    const { password } = labUser;
    const thrown: readonly (() => unknown)[] = [
      () => pullSecretFromObject({ ...manifestOf("right"), metadata: password }),
      () => pullSecretFromObject({ ...manifestOf("right"), data: { ".dockerconfigjson": `%${password}%` } }),
      () => pullSecretFromObject({ ...manifestOf("right"), stringData: { password: [password] } }),
      () => pullSecretFromObject({ ...manifestOf("right"), kind: password }),
      () => pullSecretFromDockerConfig({ name: "x", text: `{"auths":${password}` }),
      () => pullSecretFromDockerConfig({ name: "x", text: `"${password}"` }),
      () => readWorkloads({ apiVersion: "v1", kind: "Pod", metadata: {}, spec: password }),
    ];
    for (const broken of thrown) {
      try {
        broken();
      } catch (error) {
        watch.saw("an error", error);
      }
    }
    watch.saw("a provider configuration", parseCredentialProviderConfig(`kind: ${password}\nx: [`));
    watch.saw("a provider configuration", parseCredentialProviderConfig(`kind: ${password}`));
    assert.ok(watch.textOf("an error").split("PullguardError").length > 5);
  });

  it("unnoticed: what came out would be found", () => {
    const finder = newWatch();
    for (const [name, text] of Object.entries(secretTexts)) assert.notDeepEqual(finder.leaksIn(text), [], name);
    for (const text of ["Authorization: Basic abc", '{"authorization":"Bearer abc"}', "authorization: [ 'Basic x"]) {
      assert.deepEqual(finder.leaksIn(text), ["an Authorization header"]);
    }
    assert.deepEqual(finder.leaksIn('{"authorization":"[redacted]"} authorization: "bearer"'), []);
    finder.saw("an object", new Map([["x", new Error("outer", { cause: { deep: [[[[[labUser.password]]]]] } })]]));
    assert.throws(() => finder.assertNone(), /an object shows the password of robot/);
  });

  function checkOver(secrets: SecretSource, log: (event: string, about: unknown) => void = () => undefined) {
    const identityKey = randomBytes(32);
    const nodeFiles = { ...lab.nodeFiles, "/root/.docker/config.json": configOf(wrongUser) };
    const node = { name: "node", files: nodeFilesFromMap(nodeFiles), runtime: parseRuntime("containerd://1.7.13") };
    const client = createRegistryClient({
      clock: systemClock,
      systemCaPems: undefined,
      lookup: lab.lookup,
      connectTo: lab.connectTo,
      identityKey: identityKey.toString("hex"),
      userAgent: "pullguard-test",
      observer: { onRequest: (asked) => log("request", asked) },
    });
    const check = createCheck({
      clock: systemClock,
      nodes: fixedNodes([seenNodeProfile({ ...node, identityKey })]),
      predictor: createPredictor({ client, clock: systemClock, cacheBytes: 1_000_000, lingerMs: 0 }),
      secrets,
      keyring: { identityKey },
      missingSecretsMayAppear: false,
      injectServiceAccount: "templates",
      observer: { onFinding: (finding) => log("finding", finding), onFault: (error) => log("fault", error) },
    });
    return { check, client, close: () => client.close() };
  }

  async function cli(argv: readonly string[]): Promise<void> {
    const io = fakeIo({ deps: { openCheck: async (setup) => checkOver(setup.secrets) } });
    await runCli(argv, io);
    watch.saw("the command line", `${argv.join(" ")}\n${io.out()}${io.err()}`);
  }

  async function overWebhook(
    act: (post: (body: string) => Promise<string>, get: (path: string) => Promise<string>) => Promise<string[]>,
  ) {
    const logger = createLogger({ level: "trace", stream: { write: (line: string) => watch.saw("the log", line) } });
    const metrics = createMetrics({ version: "test" });
    const over = checkOver(inMemory(), (event, about) => {
      logger.trace({ about }, event);
      const asked = about as { registry: string; method: string; status?: number; durationMs: number };
      if (event === "request") metrics.registryRequest({ ...asked, code: asked.status ?? "fault" });
    });
    const made = await makeServingCertificates({ names: ["127.0.0.1"], days: 1, clock: systemClock });
    await writeServingCertificates(folder, made, true);
    const serving = await serve({
      config: { port: 0, metricsPort: 0, certDir: folder },
      check: over.check,
      decide: (findings) => decide(findings, "deny"),
      clock: systemClock,
      metrics,
      logger,
      host: "127.0.0.1",
      drainMs: 0,
    });
    try {
      const post = (body: string) => postReview(serving.port, made.caPem, body);
      const get = async (path: string) => (await fetch(`http://127.0.0.1:${serving.metricsPort}${path}`)).text();
      return { answers: await act(post, get) };
    } finally {
      await serving.stop();
      await over.close();
    }
  }

  /** Otherwise nothing would be proven: credentials and tokens did travel. */
  function assertAsked(): void {
    const kinds = hosts.flatMap((host) => lab.requestsOf(host).map(({ authorization }) => authorization));
    for (const kind of ["basic", "bearer"] as const) assert.ok(kinds.includes(kind), `nobody sent ${kind}`);
  }
});

function newWatch(): LeakWatch {
  const watch = watchFor([labUser, wrongUser]);
  watch.add("a presigned URL", presignature);
  for (const [name, text] of Object.entries(secretTexts)) {
    watch.add(`the data of Secret ${name}`, base64(text).slice(20, 80));
  }
  return watch;
}

function inMemory(): SecretSource {
  const secrets = Object.keys(secretTexts).map((name) => pullSecretFromObject(manifestOf(name)));
  return inMemorySecretSource({ secrets, serviceAccounts: [], absent: { kind: "not-found" } });
}

interface Call {
  readonly port: number;
  readonly path: string;
  readonly servername: string;
  readonly ca: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

function call({ body, ...options }: Call): Promise<string> {
  const method = body === undefined ? "GET" : "POST";
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: "127.0.0.1", method, agent: false, ...options }, (response) => {
      let text = JSON.stringify(response.headers);
      response.setEncoding("utf8");
      response.on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => resolve(text));
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

function postReview(port: number, ca: string, body: string): Promise<string> {
  const headers = { "content-type": "application/json" };
  return call({ port, ca, servername: "", path: "/validate?timeout=10s", headers, body });
}

async function askedToken(lab: Lab, host: string): Promise<string> {
  const place = lab.connectTo(host, 443);
  const path = `/token?service=${host}&scope=repository:team/app:pull`;
  const headers = { host, authorization: `Basic ${pairOf(labUser)}` };
  const text = await call({ port: place?.port ?? 0, ca: lab.caPem, servername: host, path, headers });
  const token = /"token":"([^"]+)"/.exec(text)?.[1];
  assert.ok(token !== undefined, text);
  return token;
}
