import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Serving, serve } from "../../src/bin/serve.js";
import { makeServingCertificates, type ServingCertificates, writeServingCertificates } from "../../src/certs/index.js";
import { createLogger, createMetrics } from "../../src/telemetry/index.js";
import { plainDecide, podReview, realClock, recordingCheck } from "../admission/doubles.js";
import { type ApiAnswer, type FakeApiServer, kubeconfigText, startApiServer } from "../cluster/api-server.js";
import { until } from "../support/until.js";

const host = "127.0.0.1";

describe("a webhook as a process", function () {
  this.timeout(60_000);
  let folder = "";
  let made: ServingCertificates;
  let child: ChildProcess | undefined;
  let api: FakeApiServer | undefined;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "pullguard-lifecycle-"));
    made = await makeServingCertificates({ names: [host], days: 1, clock: realClock });
    await writeServingCertificates(folder, made, false);
  });
  afterEach(async () => {
    if (child?.exitCode === null && child.signalCode === null) {
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await exit;
    }
    await api?.close();
    api = undefined;
  });
  after(() => rm(folder, { recursive: true }));

  /** Starts the program and resolves with its port for probes. */
  async function start(
    ...more: readonly string[]
  ): Promise<{ readonly metricsPort: number; readonly log: () => string }> {
    const argv = ["serve", "--cert-dir", folder, "--port", "0", "--metrics-port", "0", ...more];
    const own = spawn(process.execPath, ["build/src/bin/pullguard.js", ...argv], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    child = own;
    let log = "";
    const metricsPort = await new Promise<number>((resolve, reject) => {
      own.stdout.on("data", (part) => {
        log += String(part);
        const line = log.split("\n").find((each) => each.includes('"listening"'));
        if (line?.endsWith("}")) resolve(JSON.parse(line).metricsPort);
      });
      own.once("exit", () => reject(new Error(`it has ended:\n${log}`)));
    });
    return { metricsPort, log: () => log };
  }

  interface Probe {
    readonly status: number;
    readonly body: { readonly reasons?: readonly { readonly name: string; readonly reason: string }[] };
  }

  const probe = async (port: number, path: string): Promise<Probe> => {
    const answer = await fetch(`http://${host}:${port}${path}`);
    return { status: answer.status, body: (await answer.json()) as Probe["body"] };
  };
  /** The program's waits are real here. */
  const eventually = (holds: () => Promise<boolean>): Promise<void> => until(holds, undefined, 30_000);

  it("starts while the API server is away, says why it is not ready, and is once all is there", async () => {
    const answers = new Map<string, ApiAnswer>();
    api = await startApiServer(answers);
    const { port } = new URL(api.url);
    await api.close();
    const kubeconfig = join(folder, "kubeconfig");
    await writeFile(kubeconfig, kubeconfigText(api.url));
    const { metricsPort } = await start("--kubeconfig", kubeconfig);
    assert.equal((await probe(metricsPort, "/livez")).status, 200);
    await eventually(async () => {
      const { status, body } = await probe(metricsPort, "/readyz");
      assert.equal(status, 503);
      return body.reasons?.every(({ reason }) => /^not synced yet: .*\(ECONNREFUSED\)$/.test(reason)) === true;
    });
    const { body } = await probe(metricsPort, "/readyz");
    assert.deepEqual(body.reasons?.map(({ name }) => name).sort(), ["configuration", "nodes", "service accounts"]);

    // It is back, but Pullguard's token is not known to it yet.
    api = await startApiServer(answers, undefined, Number(port));
    for (const path of paths) answers.set(path, { status: 401, body: {} });
    await eventually(async () =>
      ((await probe(metricsPort, "/readyz")).body.reasons ?? []).every(({ reason }) => reason.includes("answered 401")),
    );
    for (const path of paths) {
      answers.set(path, { status: 200, body: { metadata: { resourceVersion: "1" }, items: [] } });
      answers.set(`${path}?watch`, "stream");
    }
    await eventually(async () => (await probe(metricsPort, "/readyz")).status === 200);

    // What is lost later changes nothing.
    await api.close();
    api = undefined;
    for (let again = 0; again < 20; again += 1) assert.equal((await probe(metricsPort, "/readyz")).status, 200);
  });

  for (const [first, second] of [
    ["SIGTERM", "SIGINT"],
    ["SIGINT", "SIGTERM"],
    ["SIGTERM", "SIGTERM"],
  ] as const) {
    it(`drains on ${first}, and ends at once on a later ${second}`, async () => {
      const { metricsPort, log } = await start("--no-cluster", "--shutdown-grace", "600");
      const exit = once(child as ChildProcess, "exit");
      child?.kill(first);
      await eventually(async () => log().includes("draining"));
      assert.equal((await probe(metricsPort, "/readyz")).status, 503);
      child?.kill(second);
      assert.deepEqual(await exit, [null, second]);
    });
  }

  it("ends by itself within its grace", async () => {
    await start("--no-cluster", "--shutdown-grace", "1");
    const exit = once(child as ChildProcess, "exit");
    const startedMs = Date.now();
    child?.kill("SIGTERM");
    assert.deepEqual(await exit, [0, null]);
    assert.ok(Date.now() - startedMs < 10_000);
  });
});

const paths = [
  "/api/v1/serviceaccounts",
  "/api/v1/nodes",
  "/apis/pullguard.dev/v1alpha1/nodepullprofiles",
  "/apis/coordination.k8s.io/v1/namespaces/pullguard-node-agent/leases",
  "/apis/pullguard.dev/v1/pullguardconfigs",
];

describe("a rolling update", function () {
  this.timeout(60_000);
  let folder = "";
  let ready: Serving[] = [];
  const agents: Agent[] = [];
  let isOver = false;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "pullguard-rolling-"));
  });
  // Also where an answer was lost: what is left open would keep the run from ending.
  after(async () => {
    isOver = true;
    for (const agent of agents) agent.destroy();
    for (const serving of ready) await serving.stop();
    await rm(folder, { recursive: true });
  });

  it("loses no answer of clients that keep their connections", async () => {
    const made = await makeServingCertificates({ names: [host], days: 1, clock: realClock });
    await writeServingCertificates(folder, made, false);
    const replica = (): Promise<Serving> =>
      serve({
        config: { port: 0, metricsPort: 0, certDir: folder },
        ...{ check: recordingCheck().check, decide: plainDecide, clock: realClock, host, drainMs: 250 },
        metrics: createMetrics({ version: "test" }),
        logger: createLogger({ level: "silent" }),
      });
    ready = [await replica(), await replica()];
    const statuses = new Map<string, number>();
    let turn = 0;
    const client = async (agent: Agent): Promise<void> => {
      while (!isOver) {
        turn += 1;
        // New connections go to what is ready; those that are open are used for as long as they are.
        const port = ready[turn % ready.length]?.port ?? 0;
        const outcome = await ask(port, agent, made.caPem).catch((error: unknown) => String(error));
        statuses.set(outcome, (statuses.get(outcome) ?? 0) + 1);
      }
    };
    for (let count = 0; count < 6; count += 1) agents.push(new Agent({ keepAlive: true, maxSockets: 4 }));
    const clients = agents.map(client);
    for (let round = 0; round < 3; round += 1) {
      const [old, ...others] = ready;
      ready = [...others, await replica()];
      await old?.stop();
    }
    isOver = true;
    await Promise.all(clients);
    assert.deepEqual([...statuses.keys()], ["200 true"]);
    assert.ok((statuses.get("200 true") ?? 0) > 50);
  });
});

function ask(port: number, agent: Agent, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json" };
    const req = request({ host, port, agent, ca, path: "/validate?timeout=5s", method: "POST", headers }, (res) => {
      let text = "";
      res.on("data", (part) => {
        text += String(part);
      });
      res.on("error", reject);
      res.on("end", () => resolve(`${res.statusCode} ${JSON.parse(text).response?.allowed}`));
    });
    req.on("error", reject);
    req.end(JSON.stringify(podReview()));
  });
}
