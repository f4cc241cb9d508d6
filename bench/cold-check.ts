import type { Check } from "../src/check/index.js";
import { readWorkloads } from "../src/workload/index.js";
import { createBenchEngine, namespace, secretName } from "./engine.js";
import type { Access, Registries } from "./registry-process.js";
import { drcHead } from "./second-opinion.js";
import { ratioOf, type Spread, spreadOf } from "./statistics.js";

/** Milliseconds, and ratios of the same round to docker-registry-client's HEAD. */
export interface ColdResult {
  readonly access: Access;
  readonly rounds: number;
  readonly drcHeadMs: Spread;
  /** A new process's first check: no connection, no token, no outcome. */
  readonly firstMs: Spread;
  readonly firstRatio: Spread;
  /** A new image on a registry that was asked before: connections and tokens are there, no outcome is. */
  readonly knownRegistryMs: Spread;
  readonly knownRegistryRatio: Spread;
}

const node = { runtime: "containerd://1.7.13", platform: "linux/amd64" };

/** Checks one image that must turn out pullable. */
export async function checkOne(check: Check, image: string): Promise<void> {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace },
    spec: { containers: [{ name: "web", image, imagePullPolicy: "Always" }], imagePullSecrets: [{ name: secretName }] },
  };
  const { findings } = await check({ workloads: readWorkloads(pod) }, AbortSignal.timeout(10_000));
  const [finding] = findings;
  if (finding?.verdict !== "pullable") throw new Error(`${image} is ${finding?.verdict}: ${finding?.message}`);
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

/** Measures the three in turns, the order changing with the round. */
export async function measureColdCheck(registries: Registries, access: Access, rounds: number): Promise<ColdResult> {
  const address = registries.addresses[access];
  const image = `${address}/team/app:v1`;
  const lasting = createBenchEngine(registries, node);
  const runs = [
    () => timed(() => drcHead(address, "team/app", "v1", access !== "public")),
    () => firstCheck(registries, image),
    () => timed(() => checkOne(lasting.freshCheck(), image)),
  ];
  const times = runs.map((): number[] => []);
  try {
    // The first rounds warm the compiler up and count for nobody.
    for (let round = -10; round < rounds; round += 1) {
      for (let turn = 0; turn < runs.length; turn += 1) {
        const index = (turn + round + 12) % runs.length;
        const elapsedMs = await runs[index]?.();
        if (round >= 0 && elapsedMs !== undefined) times[index]?.push(elapsedMs);
      }
    }
  } finally {
    await lasting.close();
  }
  const [drc = [], first = [], known = []] = times;
  return {
    access,
    rounds,
    drcHeadMs: spreadOf(drc),
    firstMs: spreadOf(first),
    firstRatio: ratioOf(first, drc),
    knownRegistryMs: spreadOf(known),
    knownRegistryRatio: ratioOf(known, drc),
  };
}

async function firstCheck(registries: Registries, image: string): Promise<number> {
  const engine = createBenchEngine(registries, node);
  try {
    return await timed(() => checkOne(engine.freshCheck(), image));
  } finally {
    await engine.close();
  }
}
