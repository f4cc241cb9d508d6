import { execFileSync } from "node:child_process";
import { appendFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { Agent } from "node:https";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { systemClock as clock } from "../src/bin/system.js";
import { makeServingCertificates } from "../src/certs/index.js";
import { kubeconfigText } from "../test/cluster/api-server.js";
import { type Companion, startCompanion } from "./processes.js";
import { type Asked, review } from "./soak/load.js";
import {
  failuresOf,
  type Measurement,
  renderSoak,
  type SoakReport,
  Tally,
  trendsOf,
  warmUpMinutes,
} from "./soak/report.js";
import { allowedAnswers, excuses, faultMs, faults, passingStepMs, pauseMs, places, type Spell } from "./soak/truth.js";
import { startWebhook, type WatchedWebhook } from "./soak/webhook.js";
import type { WorldReady } from "./soak/world.js";

/**
 * A webhook under load for a long time, while what it depends on fails by a schedule: `npm run soak -- --minutes 30 --rate 500`.
 * Fails for a wrong or missing answer, an end of the process, whatever nobody caught, a rate that was not reached, and growth
 * of memory or handles that can be told from noise, or cannot be excluded.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    rate: { type: "string", default: "500" },
    json: { type: "boolean", default: false },
    history: { type: "string" },
    // Small, so that caches are full when the measuring begins: what counts is whether they stay as they are.
    "cache-bytes": { type: "string", default: "4Mi" },
  },
});
const minutes = Number(values.minutes);
const rate = Number(values.rate);
/** Shorter runs are for trying things out. */
const recordedMinutes = 30;
const history = values.history ?? (minutes >= recordedMinutes ? "bench/soak-history.jsonl" : undefined);
const tickMs = 20;
const measureMs = 5_000;
const passwordMs = 40_000;

const startedMs = Date.now();
const sinceStart = (): number => Date.now() - startedMs;
const folder = await mkdtemp(join(tmpdir(), "pullguard-soak-"));
const world = await startCompanion<WorldReady>("soak/world.js", { startedMs });
const spells: Spell[] = [];
const tally = new Tally();
const measurements: Measurement[] = [];
let exitCode = 1;

async function writePair(): Promise<void> {
  const pair = await makeServingCertificates({ names: ["127.0.0.1"], days: 1, clock });
  await writeFile(join(folder, "certs", "tls.key"), pair.keyPem.reveal());
  await writeFile(join(folder, "certs", "tls.crt"), pair.certificatePem);
}

async function prepared({ addresses, apiServer, caPem }: WorldReady): Promise<WatchedWebhook> {
  const trust = join(folder, "node/etc/containerd/certs.d", addresses.tls);
  await mkdir(join(folder, "certs"), { recursive: true });
  await mkdir(trust, { recursive: true });
  await writeFile(
    join(trust, "hosts.toml"),
    `[host."https://${addresses.tls}"]\nca = "${join("/etc/containerd/certs.d", addresses.tls, "ca.crt")}"\n`,
  );
  await writeFile(join(trust, "ca.crt"), caPem);
  const config =
    'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = "/etc/containerd/certs.d"\n';
  await writeFile(join(folder, "node/etc/containerd/config.toml"), config);
  await writeFile(join(folder, "kubeconfig"), kubeconfigText(apiServer));
  await writePair();
  return await startWebhook([
    ...["--port=0", "--metrics-port=0", "--mode=deny", `--cache-bytes=${values["cache-bytes"]}`],
    ...[`--cert-dir=${join(folder, "certs")}`, `--kubeconfig=${join(folder, "kubeconfig")}`],
    ...[`--node-root=${join(folder, "node")}`, "--node-credentials=none"],
    ...["--runtime=containerd://1.7.13", "--platform=linux/amd64"],
  ]);
}

let count = 0;
/** Most reviews are about what is known; one in twenty about what nobody has asked for before. */
function next(): Asked {
  count += 1;
  const place = places[count % places.length] ?? "plain";
  const share = (count * 7_919) % 100;
  const now = Math.floor(sinceStart() / passingStepMs);
  const secret = place === "token" ? { secret: share === 99 ? ("wrong" as const) : ("pull" as const) } : {};
  if (share < 65 || share === 99) return { place, tag: `steady-${count % 20}`, ...secret };
  if (share < 85) return { place, tag: `passing-${Math.max(0, now - (count % 45))}`, ...secret };
  if (share < 94) return { place, tag: `absent-${count % 500}`, ...secret };
  return { place, tag: `unique-${count}`, ...secret };
}

async function askOne(agent: Agent, port: number): Promise<void> {
  const asked = next();
  const fromMs = sinceStart();
  const image = `${world.ready.addresses[asked.place]}/team/app-${count % 7}:${asked.tag}`;
  const answered = await review(agent, port, image, asked, `uid-${count}`);
  const toMs = sinceStart();
  const isWrongSecret = asked.secret === "wrong";
  const [before, after] = [allowedAnswers(asked.tag, fromMs), allowedAnswers(asked.tag, toMs)];
  const allowed = isWrongSecret
    ? { allow: false, deny: true }
    : { allow: before.allow || after.allow, deny: before.deny || after.deny };
  const excused = excuses(asked.place, asked.secret !== undefined, spells, fromMs, toMs);
  tally.note({ asked, image, answered, allowed, excused, atMs: toMs });
}

async function inject(signal: AbortSignal): Promise<void> {
  await clock.sleep(20_000, signal);
  for (let turn = 0; ; turn += 1) {
    const { name } = faults[turn % faults.length] ?? faults[0];
    const spell: Spell = { name, startMs: sinceStart() };
    spells.push(spell);
    if (name === "certificate-replaced") await writePair();
    await tellWorld(world, `on ${name}`);
    await clock.sleep(faultMs, signal);
    await tellWorld(world, `off ${name}`);
    spell.endMs = sinceStart();
    await clock.sleep(pauseMs, signal);
  }
}

/** One at a time: answers of a companion come in the order of questions only then. */
let telling: Promise<unknown> = Promise.resolve();
function tellWorld(to: Companion<WorldReady>, message: string): Promise<unknown> {
  telling = telling.then(() => to.ask<string>(message));
  return telling;
}

async function every(ms: number, signal: AbortSignal, act: () => Promise<unknown>): Promise<void> {
  for (;;) {
    await clock.sleep(ms, signal);
    await act();
  }
}

/** @returns for how many milliseconds reviews were asked for */
async function load(port: number, webhook: WatchedWebhook, signal: AbortSignal): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 512, rejectUnauthorized: false });
  const running = new Set<Promise<void>>();
  let due = 0;
  const beganMs = sinceStart();
  while (!signal.aborted && webhook.ended() === undefined) {
    // What a late tick missed is made up for, up to a second's worth.
    const wanted = ((sinceStart() - beganMs) / 1000) * rate;
    due = Math.max(due, wanted - rate);
    for (; due < wanted; due += 1) {
      const one = askOne(agent, port).finally(() => running.delete(one));
      running.add(one);
    }
    await clock.sleep(tickMs);
  }
  const tookMs = sinceStart() - beganMs;
  await Promise.all(running);
  agent.destroy();
  return tookMs;
}

/** The commit that was run, where there is one. */
function commit(): string {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  } catch {
    return "";
  }
}

try {
  const webhook = await prepared(world.ready);
  const stop = new AbortController();
  const quiet = (error: unknown): void => {
    if (!stop.signal.aborted) throw error;
  };
  const measure = async (): Promise<void> => {
    const at = { minutes: sinceStart() / 60_000, ...(await webhook.measure()) };
    measurements.push(at);
    process.stderr.write(`${Tally.progress(tally, at)}\n`);
  };
  const side = [
    inject(stop.signal).catch(quiet),
    every(measureMs, stop.signal, measure).catch(quiet),
    every(passwordMs, stop.signal, () => tellWorld(world, "password")).catch(quiet),
  ];
  const end = new AbortController();
  clock.sleep(minutes * 60_000).then(() => end.abort());
  const loadMs = await load(webhook.port, webhook, end.signal);
  stop.abort();
  await Promise.all(side);
  const ended = webhook.ended();
  // Without load it belongs to no trend, but what was counted until the very end counts.
  const last = ended === undefined ? await webhook.measure() : measurements.at(-1);
  if (ended === undefined) await webhook.stop();
  const report: SoakReport = {
    at: new Date().toISOString(),
    node: process.version,
    cpus: cpus().length,
    minutes,
    rate,
    reachedRate: tally.summary().reviews / (loadMs / 1000),
    commit: commit(),
    ...tally.summary(),
    ...(ended === undefined ? {} : { ended }),
    faults: spells.length,
    warmUpMinutes: warmUpMinutes(minutes),
    trends: trendsOf(measurements, minutes),
    unhandledRejections: last?.unhandledRejections ?? 0,
    ownFaults: last?.ownFaults ?? 0,
    uncaught: last?.uncaught ?? [],
    warnings: last?.warnings ?? [],
  };
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : renderSoak(report));
  if (history !== undefined) await appendFile(history, `${JSON.stringify(report)}\n`);
  exitCode = failuresOf(report).length === 0 ? 0 : 1;
} finally {
  await world.stop();
  await rm(folder, { recursive: true });
}
process.exit(exitCode);
