import { mapConcurrently } from "../../src/check/concurrently.js";
import { nodeFilesFromMap, parseRuntime, type RuntimeVersion, seenNodeProfile } from "../../src/node/index.js";
import { type Lab, startLab } from "../support/lab/index.js";
import { startEmptyDns } from "../support/real/empty-dns.js";
import {
  died,
  enterPrivateNode,
  privateNetwork,
  type RealDockerd,
  replaceFile,
  startDockerd,
  writeDockerFiles,
} from "../support/real/index.js";
import type { Compared } from "./comparison.js";
import { daemonFiles, dockerRegistries, dockerWorlds } from "./docker-cases.js";
import { randomWorlds } from "./docker-random.js";
import type { DockerWorld } from "./docker-world.js";
import { createPredictions } from "./predict.js";

/**
 * Runs in namespaces of its own: registries, dockerd and Pullguard together. Writes one line of JSON for each thing that was
 * compared; whoever started it judges.
 */

/** Longer than a TLS handshake that times out after 10 s and an HTTP client that waits for 15 s. */
const pullDeadlineMs = 20_000;
const dnsAddress = "127.0.77.253";

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function filesOf({ files }: DockerWorld, lab: Lab): Record<string, string> {
  const fill = (body: string): string =>
    body
      .replaceAll("{ca}", lab.caPem)
      .replaceAll("{stranger}", lab.strangerPem)
      .replaceAll("{client}", lab.client.certificatePem)
      .replaceAll("{key}", lab.client.keyPem);
  return Object.fromEntries(Object.entries(files).map(([path, body]) => [`/etc/docker/${path}`, fill(body)]));
}

async function start(name: string): Promise<RealDockerd> {
  const docker = await startDockerd();
  if ("refusal" in docker) throw new Error(`${name}: dockerd does not start\n${docker.refusal}`);
  return docker;
}

async function compareWorld(world: DockerWorld, lab: Lab): Promise<void> {
  const files = filesOf(world, lab);
  writeDockerFiles(files);
  lab.reset();
  let docker = await start(world.name);
  const compared: Compared[] = [];
  try {
    // One at a time: an image is kept once it is there, and others share its parts.
    for (const asked of world.cases) {
      const image = lab.expand(asked.image);
      const real = await docker.pull(image, asked.credential, pullDeadlineMs);
      compared.push({ asked, image, real });
      if (real.outcome !== "failed" || real.code !== died) continue;
      await docker.stop();
      docker = await start(world.name);
    }
  } finally {
    await docker.stop();
  }
  lab.reset();
  const shown = world.showsHosts ? { ...files, "/etc/hosts": lab.hostsFileText } : files;
  const predictions = createPredictions(lab, docker.version, shown);
  const judged = await mapConcurrently(compared, 8, async (one) => ({
    ...one,
    prediction: await predictions.predict(one.image, one.asked.credential),
  }));
  await predictions.close();
  say({ kind: "world", name: world.name, runtime: docker.version, files: world.files, compared: judged });
}

async function installedVersion(): Promise<RuntimeVersion> {
  writeDockerFiles({});
  const docker = await start("no file at all");
  await docker.stop();
  return parseRuntime(docker.version.replace(" ", "://"));
}

async function compareStart({ name, text }: (typeof daemonFiles)[number], runtime: RuntimeVersion): Promise<void> {
  writeDockerFiles({ "/etc/docker/daemon.json": text });
  const docker = await startDockerd();
  const starts = !("refusal" in docker);
  if (!("refusal" in docker)) await docker.stop();
  const { issues } = seenNodeProfile({
    name: "parity",
    files: nodeFilesFromMap({ "/etc/docker/daemon.json": text }),
    runtime,
    identityKey: new Uint8Array(32),
  });
  const said = "refusal" in docker ? (docker.refusal.trim().split("\n").at(-1) ?? "") : "";
  say({
    kind: "start",
    name,
    starts,
    said,
    predicted: issues.filter(({ code }) => code === "RuntimeConfigInvalid").map(({ message }) => message),
  });
}

const seed = Number(process.env.PULLGUARD_SEED);
const count = Number(process.env.PULLGUARD_WORLDS);
const randomMs = Number(process.env.PULLGUARD_RANDOM_MS);

enterPrivateNode();
const lab = await startLab({ ports: "real", network: privateNetwork, registries: dockerRegistries });
const dns = await startEmptyDns(dnsAddress);
replaceFile("/etc/hosts", lab.hostsFileText);
replaceFile("/etc/resolv.conf", `nameserver ${dnsAddress}\n`);
const runtime = await installedVersion();
for (const file of daemonFiles) await compareStart(file, runtime);
for (const world of dockerWorlds) await compareWorld(world, lab);
const untilMs = Date.now() + randomMs;
for (const world of randomWorlds(seed, count)) {
  if (Date.now() > untilMs) break;
  await compareWorld(world, lab);
}
await dns.stop();
await lab.stop();
