import { systemClock as clock } from "../../src/bin/system.js";
import { dialectFor } from "../../src/prediction/index.js";
import { createRegistryClient } from "../../src/registry/index.js";
import { createLayerVerifier, createRateLimit } from "../../src/verification/index.js";
import { registryHost } from "../support/builders.js";

/** Verifies layers of `ADDRESS`, one a message, and answers the verdict and the memory it took above what was held before. */
const host = registryHost(process.argv[2] ?? "", { scheme: "http" });
const client = createRegistryClient({ clock, systemCaPems: undefined, identityKey: "memory", userAgent: "memory" });
const rules = dialectFor({ runtime: { name: "containerd", major: 1, minor: 7, patch: 13 }, settings: {} }).content;
const verifier = createLayerVerifier({ clock, rate: createRateLimit(clock, 0), maxRemembered: 10 });
const source = { hosts: [host], repository: "team/app", session: client.session(undefined) };

process.on("message", async ({ digest, sizeBytes }: { readonly digest: string; readonly sizeBytes: number }) => {
  const before = process.memoryUsage.rss();
  let peak = before;
  const sampler = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 5);
  const place = { kind: "layer", index: 0, count: 1, digest } as const;
  const packing = { kind: "sniffed", formats: ["gzip", "zstd"] } as const;
  const question = { source, rules, place, scope: "memory", digest, sizeBytes, packing };
  const verdict = await verifier.verify(question, AbortSignal.timeout(60_000));
  clearInterval(sampler);
  process.send?.({ verdict: verdict.kind, memoryBytes: peak - before });
});
process.once("disconnect", () => process.exit());
process.send?.("ready");
