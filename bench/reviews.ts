import { availableParallelism } from "node:os";
import { atLeast, atMost, type BenchPlan, type Figure, figureOf } from "./figure.js";
import { clientFor, type Load, type LoadOrder, post } from "./load.js";
import { type Companion, startCompanion } from "./processes.js";
import type { Registries } from "./registry-process.js";
import { podReview } from "./review.js";
import { ratioOf, spreadOf } from "./statistics.js";
import type { WebhookOrder, WebhookReady } from "./webhook-process.js";

type Subject = WebhookOrder["subject"];

const subjects: readonly Subject[] = ["bare no-op", "express no-op", "pullguard"];
const connections = 8;

interface Plan {
  readonly rounds: number;
  readonly roundMs: number;
  readonly warmUpMs: number;
  readonly hasTime: () => boolean;
}

interface Review {
  readonly images: number;
  readonly withSecret: boolean;
  readonly target: { readonly throughput: number; readonly p99?: number };
}

const reviews: readonly Review[] = [
  { images: 1, withSecret: false, target: { throughput: 0.85, p99: 1.3 } },
  { images: 3, withSecret: false, target: { throughput: 0.85, p99: 1.3 } },
  { images: 3, withSecret: true, target: { throughput: 0.85, p99: 1.3 } },
  { images: 20, withSecret: false, target: { throughput: 0.7 } },
];

/** Group 1: reviews whose answers are remembered, over https, against servers that do nothing. */
export async function measureReviews(
  registries: Registries,
  { isQuick, hasTime, note }: BenchPlan,
): Promise<readonly Figure[]> {
  const plan = isQuick
    ? { rounds: 4, roundMs: 300, warmUpMs: 500, hasTime }
    : { rounds: 15, roundMs: 1500, warmUpMs: 4000, hasTime };
  const one = await startServers(registries, 1, subjects);
  const figures: Figure[] = [];
  try {
    for (const review of isQuick ? reviews.filter(({ withSecret }) => !withSecret) : reviews) {
      const name = `${review.images}-image${review.images === 1 ? "" : "s"}${review.withSecret ? "-secret" : ""}`;
      note(`reviews of ${name}, 1 process`);
      figures.push(...(await compare(one, registries, { plan, review, name, subjects })));
    }
  } finally {
    await one.stop();
  }
  const cores = availableParallelism();
  if (cores === 1) return figures;
  note(`reviews of 3-images, ${cores} processes`);
  const against: readonly Subject[] = ["express no-op", "pullguard"];
  const all = await startServers(registries, cores, against);
  try {
    const review: Review = { images: 3, withSecret: false, target: { throughput: 0.85, p99: 1.3 } };
    const name = "3-images.all-cores";
    // Each of them has a share of the load, and is new where the one process has seen other reviews before.
    const longer = { ...plan, warmUpMs: plan.warmUpMs * cores * (isQuick ? 1.6 : 1) };
    return [...figures, ...(await compare(all, registries, { plan: longer, review, name, subjects: against }))];
  } finally {
    await all.stop();
  }
}

interface Servers {
  urls(subject: Subject): readonly string[];
  readonly load: (order: LoadOrder) => Promise<Load>;
  stop(): Promise<void>;
}

/** The deployment runs one process in each replica; a machine's other cores are other replicas. */
async function startServers(registries: Registries, each: number, wanted: readonly Subject[]): Promise<Servers> {
  const companions = new Map<Subject, readonly Companion<WebhookReady>[]>();
  for (const subject of wanted) {
    const order: WebhookOrder = { subject, registries };
    const started = Array.from({ length: each }, () => startCompanion<WebhookReady>("webhook-process.js", order));
    companions.set(subject, await Promise.all(started));
  }
  const loader = await startCompanion<string>("load-process.js", null);
  return {
    urls: (subject) =>
      (companions.get(subject) ?? []).map(({ ready }) => `https://127.0.0.1:${ready.port}/validate?timeout=7s`),
    load: (order) => loader.ask<Load>(order),
    stop: async () => {
      await Promise.all([loader, ...[...companions.values()].flat()].map((companion) => companion.stop()));
    },
  };
}

interface Comparison {
  readonly plan: Plan;
  readonly review: Review;
  readonly name: string;
  readonly subjects: readonly Subject[];
}

async function compare(servers: Servers, registries: Registries, comparison: Comparison): Promise<readonly Figure[]> {
  const { plan, review, subjects: compared } = comparison;
  const registry = registries.addresses[review.withSecret ? "basic" : "public"];
  const images = Array.from({ length: review.images }, (_, index) => `${registry}/team/app-${index}:v1`);
  const body = podReview({ images, withSecret: review.withSecret });
  for (const url of servers.urls("pullguard")) await expectSilentApproval(url, body);
  const load = (subject: Subject, forMs: number): Promise<Load> =>
    servers.load({ urls: servers.urls(subject), body, connections, forMs });
  for (const subject of compared) await load(subject, plan.warmUpMs);
  const rounds = new Map<Subject, Load[]>(compared.map((subject) => [subject, []]));
  for (let round = 0; round < plan.rounds && (round === 0 || plan.hasTime()); round += 1) {
    for (let turn = 0; turn < compared.length; turn += 1) {
      const subject = compared[(turn + round) % compared.length] ?? "pullguard";
      rounds.get(subject)?.push(await load(subject, plan.roundMs));
    }
  }
  return figuresOf(rounds, comparison, Buffer.byteLength(body));
}

function figuresOf(
  rounds: ReadonlyMap<Subject, readonly Load[]>,
  { review, name, subjects: compared }: Comparison,
  bodyBytes: number,
): readonly Figure[] {
  const every = (subject: Subject, value: (load: Load) => number) => (rounds.get(subject) ?? []).map(value);
  const median = (subject: Subject, value: (load: Load) => number) => spreadOf(every(subject, value)).median;
  const throughput = ({ requestsPerSecond }: Load): number => requestsPerSecond;
  const p99 = ({ p99Ms }: Load): number => p99Ms;
  const p50 = ({ p50Ms }: Load): number => p50Ms;
  return compared
    .filter((subject) => subject !== "pullguard")
    .flatMap((baseline) => {
      const isBare = baseline === "bare no-op";
      const prefix = `reviews.${name}${isBare ? ".bare" : ""}`;
      const against = isBare ? "a bare node:https server that does nothing" : "an express handler that parses the body";
      const ratio = (value: (load: Load) => number) => ratioOf(every("pullguard", value), every(baseline, value));
      const measured = (value: (load: Load) => number) => ({
        pullguard: median("pullguard", value),
        baseline: median(baseline, value),
        bodyBytes,
      });
      const given = { group: "reviews", unit: "ratio" } as const;
      const done = every("pullguard", throughput).length;
      const { target } = review;
      return [
        figureOf(
          {
            ...given,
            name: `${prefix}.throughput`,
            meaning: `reviews a second, over those of ${against}`,
            ...(isBare ? {} : { target: atLeast(target.throughput) }),
            measured: measured(throughput),
          },
          ratio(throughput),
          done,
        ),
        figureOf(
          {
            ...given,
            name: `${prefix}.p50`,
            meaning: `median latency, over that of ${against}`,
            measured: measured(p50),
          },
          ratio(p50),
          done,
        ),
        figureOf(
          {
            ...given,
            name: `${prefix}.p99`,
            meaning: `99th percentile of latency, over that of ${against}`,
            ...(isBare || target.p99 === undefined ? {} : { target: atMost(target.p99) }),
            measured: measured(p99),
          },
          ratio(p99),
          done,
        ),
      ];
    });
}

/** A webhook that warns, denies or fails would be measured for the wrong work. Fills the cache, too. */
async function expectSilentApproval(url: string, body: string): Promise<void> {
  const { origin, pathname, search } = new URL(url);
  const client = clientFor(new URL(origin));
  const text = await post(client, `${pathname}${search}`, body);
  await client.close();
  const { response } = JSON.parse(text) as {
    readonly response?: { readonly allowed?: boolean; readonly warnings?: unknown };
  };
  if (response?.allowed !== true || response.warnings !== undefined)
    throw new Error(`${url} did not simply allow the review: ${text}`);
}
