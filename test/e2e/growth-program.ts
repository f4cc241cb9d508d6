import { createAdmissionGate } from "../../src/admission/index.js";
import { assembleCheck } from "../../src/bin/assemble.js";
import { systemClock } from "../../src/bin/system.js";
import { inMemorySecretSource } from "../../src/credentials/index.js";
import { usualLimits } from "../../src/registry/index.js";
import { readWorkloads } from "../../src/workload/index.js";
import { startHostileRegistry } from "./hostile-registry.js";

/**
 * A stream of images that nobody has named before, from registries that make answers long; prints the heap after each part.
 * @example node --expose-gc growth-program.js PARTS IMAGES_A_PART CACHE_BYTES
 */
const [parts = 4, images = 1_000, cacheBytes = 4 * 1024 * 1024] = process.argv.slice(2).map(Number);
const server = await startHostileRegistry();
const gate = createAdmissionGate({ clock: systemClock, maxInFlight: 128, maxQueued: 1024 });
const { check, close } = assembleCheck({
  clock: systemClock,
  version: "test",
  secrets: inMemorySecretSource({ secrets: [], serviceAccounts: [], absent: { kind: "not-found" } }),
  missingSecretsMayAppear: true,
  node: { runtime: "containerd://2.2.7", platform: "linux/amd64", credentials: "none" },
  injectServiceAccount: "templates",
  lingerMs: 10,
  cacheBytes,
  limits: usualLimits,
  gate,
});

/** Every name is as long as names may be. */
function imageOf(count: number): string {
  const long = `${"r".repeat(120)}/${"s".repeat(100)}-${count}`;
  const digest = `sha256:${count.toString(16).padStart(64, "0")}`;
  switch (count % 8) {
    case 0:
      // An address that is never dialled.
      return `169.254.${(count >> 8) & 255}.${count & 255}:5000/${long}:${"t".repeat(128)}`;
    case 1:
      return `${server.address}/big-error/${long}:${"t".repeat(110)}-${count}`;
    case 2:
      return `${server.address}/missing/${long}@${digest}`;
    case 3:
    case 6:
      return `${server.address}/token/${long}:v1`;
    case 4:
      return `${"x".repeat(3_000)}${count}`;
    case 5:
      // Nothing listens there.
      return `127.1.${(count >> 8) & 255}.${count & 255}:1/${long}:v1`;
    default:
      return `${server.address}/sound/${long}:${"t".repeat(110)}-${count}`;
  }
}

async function reviewOne(count: number): Promise<void> {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace: "shop", labels: { count: `${count}` } },
    spec: {
      nodeSelector: { [`hostile.test/${"k".repeat(60)}`]: `${"v".repeat(50)}-${count}` },
      containers: [{ name: "app", image: imageOf(count) }],
    },
  };
  await check({ workloads: readWorkloads(pod) }, AbortSignal.timeout(9_000));
}

/** What is left when everything that can go has gone. */
async function settledHeap(): Promise<number> {
  for (let turn = 0; turn < 4; turn += 1) {
    await systemClock.sleep(20);
    globalThis.gc?.();
  }
  return process.memoryUsage().heapUsed + process.memoryUsage().external;
}

const heaps: number[] = [];
for (let part = 0; part < parts; part += 1) {
  let next = part * images;
  const end = next + images;
  const worker = async (): Promise<void> => {
    while (next < end) await reviewOne(next++);
  };
  await Promise.all(Array.from({ length: 64 }, worker));
  heaps.push(await settledHeap());
}
await close();
await server.close();
process.stdout.write(`${JSON.stringify({ heaps, gate: gate.view() })}\n`);
