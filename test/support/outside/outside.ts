import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildContent, contentOf, type Lab, secure, startLab } from "../lab/index.js";
import type { Routes } from "./reroute.js";

/** Registries under the names that they have in the world, for programs that are started as people start them. */
export interface Outside {
  readonly lab: Lab;
  /** Of a program that shall find them, and nobody else. Node.js is the only kind of program that does. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** What these registries have: `repository` → its tags. */
const shelves = {
  "registry-1.docker.io": { "library/nginx": ["1.26", "1.27", "latest"], "library/redis": ["7"] },
  "ghcr.io": { "acme/app": ["v2", "v3"] },
  "registry.example.com": { app: ["v1"], "team/app": ["v1", "v2"] },
} as const;

/** Starts Docker Hub, GitHub's registry and that of a company, as far as examples need them. */
export async function startOutside(): Promise<Outside> {
  const hosts = Object.entries(shelves);
  const lab = await startLab({
    ports: "ephemeral",
    registries: hosts.map(([host, shelf]) => ({ ...secure(host), content: contentOfShelf(host, shelf) })),
  });
  const folder = mkdtempSync(join(tmpdir(), "pullguard-outside-"));
  const authority = join(folder, "ca.pem");
  writeFileSync(authority, lab.caPem);
  const routes: Routes = Object.fromEntries(
    hosts.map(([host]) => [`${host}:443`, lab.connectTo(host, 443)?.port ?? 1]),
  );
  return {
    lab,
    env: {
      NODE_OPTIONS: `--import=${new URL("reroute.js", import.meta.url).href}`,
      PULLGUARD_TEST_AUTHORITY: authority,
      PULLGUARD_TEST_OUTSIDE: JSON.stringify(routes),
    },
    stop: async () => {
      await lab.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

function contentOfShelf(host: string, shelf: Readonly<Record<string, readonly string[]>>) {
  const base = buildContent(host).get("library/solo");
  if (base === undefined) throw new Error("the laboratory has no such image");
  const digest = base.tags.get("latest") ?? "";
  const repositories = Object.entries(shelf).map(
    ([name, tags]) => [name, { ...base, tags: new Map(tags.map((tag) => [tag, digest])) }] as const,
  );
  return contentOf(new Map(repositories));
}
