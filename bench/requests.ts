import { checkOne } from "./cold-check.js";
import { createBenchEngine, type NodeSaying } from "./engine.js";
import type { Companion } from "./processes.js";
import type { Access, Arrivals, Registries } from "./registry-process.js";
import { drcHead } from "./second-opinion.js";

/** What one cold check sends. `resolve`, `manifests` and `blobs` add up to all of it. */
export interface RequestCount {
  readonly access: Access;
  readonly image: "manifest" | "index";
  readonly node: "told" | "not told";
  /** Up to and including the HEAD that names the digest. */
  readonly resolve: number;
  /** What containerd's own resolve sends to the same registry with the same credential. */
  readonly containerdResolve: number;
  /** Manifests read by digest, as a pull does next. */
  readonly manifests: number;
  /** The config, read, and each layer, asked by HEAD. */
  readonly blobs: number;
  readonly sent: readonly string[];
}

/** What docker-registry-client sends for the HEAD of one manifest. */
export interface SecondOpinionCount {
  readonly access: Access;
  readonly sent: readonly string[];
}

/**
 * HEAD; before it the one that is refused, and for Bearer the token between the two: asked for by POST first where there is
 * a password, then by GET, since these registries do not know the former (nor does Docker's own token server of old).
 * Source: containerd core/remotes/docker/resolver.go `Resolve`, authorizer.go `fetchToken`.
 */
const containerdResolve: Readonly<Record<Access, number>> = { public: 1, basic: 2, bearer: 4 };
const told: NodeSaying = { runtime: "containerd://1.7.13", platform: "linux/amd64" };
const accesses = Object.keys(containerdResolve) as readonly Access[];

/** Counts what arrives at the registries for one cold check of each kind. */
export async function countRequests(registry: Companion<Registries>): Promise<readonly RequestCount[]> {
  const counts: RequestCount[] = [];
  for (const access of accesses) {
    counts.push(await countOne(registry, access, "manifest", "told"));
    counts.push(await countOne(registry, access, "index", "told"));
    counts.push(await countOne(registry, access, "manifest", "not told"));
  }
  return counts;
}

export async function countSecondOpinion(registry: Companion<Registries>): Promise<readonly SecondOpinionCount[]> {
  const counts: SecondOpinionCount[] = [];
  for (const access of accesses) {
    await registry.ask<Arrivals>("take");
    await drcHead(registry.ready.addresses[access], "team/app", "v1", access !== "public");
    counts.push({ access, sent: sentTo(await registry.ask<Arrivals>("take"), access) });
  }
  return counts;
}

async function countOne(
  registry: Companion<Registries>,
  access: Access,
  image: RequestCount["image"],
  node: RequestCount["node"],
): Promise<RequestCount> {
  const engine = createBenchEngine(registry.ready, node === "told" ? told : {});
  try {
    await registry.ask<Arrivals>("take");
    const name = image === "manifest" ? "team/app:v1" : "idx:multi";
    await checkOne(engine.freshCheck(), `${registry.ready.addresses[access]}/${name}`);
  } finally {
    await engine.close();
  }
  const sent = sentTo(await registry.ask<Arrivals>("take"), access);
  const blobs = sent.filter((request) => request.includes("blob @")).length;
  const manifests = sent.filter((request) => request.startsWith("GET @")).length;
  return {
    access,
    image,
    node,
    resolve: sent.length - manifests - blobs,
    containerdResolve: containerdResolve[access],
    manifests,
    blobs,
    sent,
  };
}

/** `HEAD v1`, `GET token`, `GET @sha256`, `HEAD blob @sha256`: short enough for a table. */
function sentTo(arrivals: Arrivals, access: Access): readonly string[] {
  return arrivals[access].map(({ method, path }) => {
    const [route = ""] = path.split("?", 1);
    const last = route.split("/").filter(Boolean).at(-1) ?? "";
    const blob = route.includes("/blobs/") ? "blob " : "";
    return `${method} ${blob}${last.startsWith("sha256:") ? "@sha256" : last}`;
  });
}
