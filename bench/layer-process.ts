import { systemClock as clock } from "../src/bin/system.js";
import { dialectFor } from "../src/prediction/index.js";
import { createRegistryClient } from "../src/registry/index.js";
import { createLayerVerifier, createRateLimit } from "../src/verification/index.js";
import { registryHost } from "../test/support/builders.js";
import { companionArgument, tell } from "./processes.js";

/** A layer to verify, and a small one to warm up with. */
export interface LayerTask {
  readonly address: string;
  readonly layers: readonly LayerFile[];
}

export interface LayerFile {
  readonly digest: string;
  readonly sizeBytes: number;
  readonly mediaType: string;
  readonly diffId: string;
}

/** What reading one layer took. Memory in bytes, above what the process held before. */
export interface LayerCost {
  readonly verdict: string;
  readonly elapsedMs: number;
  /** Of this process, all its threads together. */
  readonly cpuMs: number;
  readonly memoryBytes: number;
}

const { address, layers } = companionArgument<LayerTask>();
const client = createRegistryClient({ clock, systemCaPems: undefined, identityKey: "bench", userAgent: "bench" });
const host = registryHost(address, { scheme: "http" });
const rules = dialectFor({ runtime: { name: "containerd", major: 1, minor: 7, patch: 13 }, settings: {} }).content;
const verifier = createLayerVerifier({ clock, rate: createRateLimit(clock, 0), maxRemembered: 10 });

async function verify({ mediaType, ...layer }: LayerFile): Promise<LayerCost> {
  const packing = rules.packingOf(mediaType);
  const source = { hosts: [host], repository: "team/app", session: client.session(undefined) };
  const place = { kind: "layer", index: 0, count: 1, digest: layer.digest } as const;
  const question = { source, rules, place, scope: "bench", ...layer, ...(packing === undefined ? {} : { packing }) };
  const before = process.memoryUsage.rss();
  let peak = before;
  const sampler = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 10);
  const cpu = process.cpuUsage();
  const start = performance.now();
  const verdict = await verifier.verify(question, AbortSignal.timeout(600_000));
  const elapsedMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  clearInterval(sampler);
  const text = verdict.kind === "sound" ? "sound" : JSON.stringify(verdict);
  return { verdict: text, elapsedMs, cpuMs: (user + system) / 1000, memoryBytes: peak - before };
}

const costs: LayerCost[] = [];
for (const layer of layers) costs.push(await verify(layer));
tell(costs);
