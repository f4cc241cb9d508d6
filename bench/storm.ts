import type { Client } from "undici";
import { atMost, type BenchPlan, countOf, type Figure } from "./figure.js";
import { clientFor, post } from "./load.js";
import { type Companion, startCompanion } from "./processes.js";
import type { Arrivals, Registries } from "./registry-process.js";
import { podReview } from "./review.js";
import { quantile } from "./statistics.js";
import type { ProcessUse, WebhookOrder, WebhookReady } from "./webhook-process.js";

const imageCount = 50;
const connections = 100;
const path = "/validate?timeout=10s";
const mebibyte = 1024 * 1024;
const delayMs = 20;
/** The refusal that names Basic, the resolve, the manifest, its blobs: nothing is read ahead in a crowd. */
const roundTrips = 4;

interface Stormed {
  readonly times: readonly number[];
  readonly notAllowed: number;
  readonly elapsedMs: number;
}

/**
 * Group 3: a rollout of everything at once. Each namespace has a Secret of its own, so that each image is as many
 * questions as there are namespaces: an answer that one Secret got is for nobody else.
 */
export async function measureStorm(
  registry: Companion<Registries>,
  { isQuick, note }: BenchPlan,
): Promise<readonly Figure[]> {
  const reviews = isQuick ? 2000 : 5000;
  const namespaceCount = isQuick ? 10 : 20;
  note(`storm of ${reviews} reviews`);
  const namespaces = Array.from({ length: namespaceCount }, (_, index) => `team-${index}`);
  const order = { registries: registry.ready, namespaces };
  const start = (subject: WebhookOrder["subject"]) =>
    startCompanion<WebhookReady>("webhook-process.js", { subject, ...order } satisfies WebhookOrder);
  const [noOp, pullguard] = [await start("express no-op"), await start("pullguard")];
  try {
    const storm = (part: string): Bodies => {
      const image = (name: string): string => `${registry.ready.addresses.basic}/${part}/${name}:v1`;
      const review = (name: string, own: string | undefined): string =>
        podReview({ images: [image(name)], withSecret: true, namespace: own ?? "" });
      const all = Array.from({ length: reviews }, (_, index) =>
        review(`i${index % imageCount}`, namespaces[Math.floor(index / imageCount) % namespaceCount]),
      );
      return { opening: review("opening", namespaces[0]), all };
    };
    const before = (await pullguard.ask<ProcessUse>("use")).peakBytes;
    await registry.ask(`delay:${delayMs}`);
    await registry.ask("take");
    const idle = await stormOver(noOp, storm("idle"));
    const first = await stormOver(pullguard, storm("first"));
    const cold = await stormOver(pullguard, storm("cold"));
    const arrived = (await registry.ask<Arrivals>("take")).basic;
    const peak = (await pullguard.ask<ProcessUse>("use")).peakBytes;
    const warm = await stormOver(pullguard, storm("cold"));
    return figures({ reviews, namespaceCount, arrived, idle, first, cold, warm, memory: { before, peak } });
  } finally {
    await registry.ask("delay:0");
    await Promise.all([noOp.stop(), pullguard.stop()]);
  }
}

/** Reviews of a storm, and one of another image, which comes before them. */
interface Bodies {
  readonly opening: string;
  readonly all: readonly string[];
}

async function stormOver(webhook: Companion<WebhookReady>, bodies: Bodies): Promise<Stormed> {
  const url = new URL(`https://127.0.0.1:${webhook.ready.port}`);
  const clients: readonly Client[] = Array.from({ length: connections }, () => clientFor(url));
  // Handshakes are over before the first measurement, as in every group: a hundred of them at once take longer than the rest.
  await Promise.all(clients.map((client) => post(client, path, bodies.opening)));
  const times: number[] = [];
  let notAllowed = 0;
  const left = bodies.all.entries();
  const startMs = performance.now();
  const work = async (client: Client): Promise<void> => {
    for (const [, body] of left) {
      const sentMs = performance.now();
      const text = await post(client, path, body);
      times.push(performance.now() - sentMs);
      if (!text.includes('"allowed":true') || text.includes('"warnings"')) notAllowed += 1;
    }
  };
  await Promise.all(clients.map(work));
  const elapsedMs = performance.now() - startMs;
  await Promise.all(clients.map((client) => client.close()));
  return { times, notAllowed, elapsedMs };
}

interface Storm {
  readonly reviews: number;
  readonly namespaceCount: number;
  readonly arrived: readonly string[];
  readonly idle: Stormed;
  readonly first: Stormed;
  readonly cold: Stormed;
  readonly warm: Stormed;
  readonly memory: { readonly before: number; readonly peak: number };
}

function figures({ reviews, namespaceCount, arrived, idle, first, cold, warm, memory }: Storm): readonly Figure[] {
  const questions = 2 * Math.min(reviews, imageCount * namespaceCount);
  // The refusal that names Basic comes before whom anybody is; a resolve counts when it was let in.
  const resolves = arrived.filter((line) => /^HEAD \S*\/i\d+\/manifests\/v1 \S/.test(line));
  const p99 = ({ times }: Stormed): number => quantile(times, 0.99);
  const shape = `${reviews} reviews, ${imageCount} images, ${namespaceCount} namespaces, ${connections} connections`;
  const group = "storm";
  return [
    countOf(
      {
        name: "storm.resolves-per-question",
        group,
        meaning: `resolves that reach the registry, over distinct questions (${shape})`,
        unit: "ratio",
        target: { bound: "at most", value: 1 },
        measured: { resolves: resolves.length, distinct: new Set(resolves).size, questions, requests: arrived.length },
      },
      resolves.length / questions,
    ),
    countOf(
      {
        name: "storm.not-answered",
        group,
        meaning: "reviews without a plain answer",
        unit: "requests",
        target: atMost(0),
      },
      first.notAllowed + cold.notAllowed + warm.notAllowed,
    ),
    overDelays("storm.cold.p99", "99th percentile of the time to an answer", cold),
    overDelays("storm.new-process.p99", "the same of a process that has just begun", first),
    countOf(
      {
        name: "storm.warm.p99",
        group,
        meaning: "the same storm once more, over the express no-op's",
        unit: "ratio",
        target: atMost(1.3),
        measured: {
          p99Ms: p99(warm),
          baselineMs: p99(idle),
          elapsedMs: warm.elapsedMs,
          baselineElapsedMs: idle.elapsedMs,
        },
      },
      p99(warm) / p99(idle),
    ),
    countOf(
      {
        name: "storm.memory",
        group,
        meaning: "peak memory of the process, above what it held before",
        unit: "MiB",
        measured: { beforeMiB: memory.before / mebibyte, peakMiB: memory.peak / mebibyte },
      },
      (memory.peak - memory.before) / mebibyte,
    ),
  ];
}

function overDelays(name: string, what: string, { times, elapsedMs }: Stormed): Figure {
  const p99 = quantile(times, 0.99);
  return countOf(
    {
      name,
      group: "storm",
      meaning: `${what}, less the registry's delays (${roundTrips} round trips)`,
      unit: "ms",
      target: atMost(250),
      measured: { p99Ms: p99, p50Ms: quantile(times, 0.5), elapsedMs },
    },
    p99 - roundTrips * delayMs,
  );
}
