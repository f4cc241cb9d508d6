import autocannon from "autocannon";
import { type Companion, startCompanion } from "./processes.js";
import type { Registries } from "./registry-process.js";
import { podReview } from "./review.js";
import { ratioOf, type Spread, spreadOf } from "./statistics.js";
import type { CpuTime, WebhookOrder, WebhookReady } from "./webhook-process.js";

type Subject = WebhookOrder["subject"];
type Transport = WebhookOrder["transport"];

/** How one subject did; latencies in milliseconds as autocannon has them, 50th and 99th percentile; CPU time a request. */
export interface Load {
  readonly requestsPerSecond: Spread;
  readonly p50Ms: Spread;
  readonly p99Ms: Spread;
  readonly cpuMicros: Spread;
}

/** Where the images of the review come from: a public registry, or a private one whose login is in the Pod's Secret. */
export type Images = "public" | "private";

/** A cached review against the no-op over one transport. `timeRatio`: time a request, Pullguard's over the no-op's. */
export interface WebhookResult {
  readonly transport: Transport;
  readonly images: Images;
  readonly bodyBytes: number;
  readonly connections: number;
  readonly rounds: number;
  readonly noOp: Load;
  readonly pullguard: Load;
  readonly timeRatio: Spread;
  /** The same for the CPU time of the serving process, which other work on the machine hardly touches. */
  readonly cpuRatio: Spread;
}

export interface WebhookPlan {
  readonly transport: Transport;
  readonly images: Images;
  readonly rounds: number;
  readonly secondsARound: number;
  readonly connections: number;
}

/** Long enough for the compiler to have seen everything. */
const warmUpSeconds = 5;

interface Round {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMicros: number;
}

/**
 * Measures both subjects in turns, each in a process of its own, and compares within each round: what the machine does
 * beside hits both.
 */
export async function measureWebhook(registries: Registries, plan: WebhookPlan): Promise<WebhookResult> {
  const { transport, images } = plan;
  const start = (subject: Subject) =>
    startCompanion<WebhookReady>("webhook-process.js", { subject, transport, registries });
  const companions = { "no-op": await start("no-op"), pullguard: await start("pullguard") };
  const withSecret = images === "private";
  const registry = registries.addresses[withSecret ? "basic" : "public"];
  const body = podReview({ registry, withSecret });
  const rounds: Record<Subject, Round[]> = { "no-op": [], pullguard: [] };
  const load = (subject: Subject, seconds: number) =>
    loadOnce(companions[subject], {
      url: urlOf(transport, companions[subject]),
      body,
      connections: plan.connections,
      seconds,
    });
  try {
    for (const subject of ["no-op", "pullguard"] as const) {
      await expectSilentApproval(urlOf("http", companions[subject]), body, transport);
      await load(subject, warmUpSeconds);
    }
    for (let round = 0; round < plan.rounds; round += 1) {
      const order: readonly Subject[] = round % 2 === 0 ? ["no-op", "pullguard"] : ["pullguard", "no-op"];
      for (const subject of order) rounds[subject].push(await load(subject, plan.secondsARound));
    }
  } finally {
    await Promise.all(Object.values(companions).map((companion) => companion.stop()));
  }
  const every = (subject: Subject, value: (round: Round) => number) => rounds[subject].map(value);
  const times = (subject: Subject) => every(subject, ({ requestsPerSecond }) => 1 / requestsPerSecond);
  const cpu = (subject: Subject) => every(subject, ({ cpuMicros }) => cpuMicros);
  return {
    transport,
    images,
    bodyBytes: Buffer.byteLength(body),
    connections: plan.connections,
    rounds: plan.rounds,
    noOp: summary(rounds["no-op"]),
    pullguard: summary(rounds.pullguard),
    timeRatio: ratioOf(times("pullguard"), times("no-op")),
    cpuRatio: ratioOf(cpu("pullguard"), cpu("no-op")),
  };
}

function urlOf(transport: Transport, companion: Companion<WebhookReady>): string {
  return `${transport}://127.0.0.1:${companion.ready.port}/validate?timeout=7s`;
}

/** A webhook that warns, denies or fails would be measured for the wrong work. Fills the cache, too. */
async function expectSilentApproval(url: string, body: string, transport: Transport): Promise<void> {
  // fetch would refuse the certificate, which is nobody's; over TLS the first load is the proof (no answer but 2xx).
  if (transport === "https") return;
  const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
  const review = (await answer.json()) as {
    readonly response?: { readonly allowed?: boolean; readonly warnings?: unknown };
  };
  if (review.response?.allowed !== true || review.response.warnings !== undefined) {
    throw new Error(`${url} did not simply allow the review: ${JSON.stringify(review)}`);
  }
}

interface LoadOrder {
  readonly url: string;
  readonly body: string;
  readonly connections: number;
  readonly seconds: number;
}

async function loadOnce(companion: Companion<WebhookReady>, order: LoadOrder): Promise<Round> {
  const { url, body, connections, seconds: duration } = order;
  const headers = { "content-type": "application/json" };
  const before = await companion.ask<CpuTime>("cpu");
  const result = await autocannon({ url, method: "POST", headers, body, connections, duration });
  const after = await companion.ask<CpuTime>("cpu");
  if (result.errors + result.timeouts + result.non2xx > 0) throw new Error(`${url}: some requests failed`);
  return {
    requestsPerSecond: result.requests.total / result.duration,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    cpuMicros: (after.micros - before.micros) / result.requests.total,
  };
}

function summary(rounds: readonly Round[]): Load {
  return {
    requestsPerSecond: spreadOf(rounds.map((round) => round.requestsPerSecond)),
    p50Ms: spreadOf(rounds.map((round) => round.p50Ms)),
    p99Ms: spreadOf(rounds.map((round) => round.p99Ms)),
    cpuMicros: spreadOf(rounds.map((round) => round.cpuMicros)),
  };
}
