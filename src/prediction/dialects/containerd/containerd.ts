import { createHash } from "node:crypto";
import type { RuntimeSettings, RuntimeVersion } from "../../../node/index.js";
import { containerdContentRules } from "../../content/containerd.js";
import type { PullAttempt } from "../../types.js";
import type { AttemptRequest, PullDialect } from "../dialect.js";
import { readManifestChain } from "./manifest.js";
import { readAhead } from "./read-ahead.js";
import { resolve } from "./resolve.js";
import { containerdTraits } from "./traits.js";

/** The dialect of one containerd version: resolve as it resolves, then read the manifest as it reads it. */
export function containerdDialect(
  version: Pick<RuntimeVersion, "major" | "minor" | "patch">,
  settings: RuntimeSettings,
): PullDialect {
  const own = containerdTraits(version);
  const traits = settings.engine === undefined ? own : { ...own, engine: settings.engine };
  return {
    id: `containerd:${createHash("sha256").update(JSON.stringify(traits)).digest("base64url").slice(0, 12)}`,
    grammar: traits.grammar,
    content: containerdContentRules({ engine: traits.engine, ...traits.content }),
    readAhead: (request, signal) => readAhead(request, traits, signal),
    attempt: (request, signal) => attempt(request, signal),
  };

  async function attempt(request: AttemptRequest, signal: AbortSignal): Promise<PullAttempt> {
    const resolution = await resolve(request, traits, signal);
    switch (resolution.kind) {
      case "resolved": {
        const known = request.manifests.recall(resolution.digest);
        if (known !== undefined) return { ...known, via: resolution.host };
        // Registries count the GET of a manifest as a pull, a HEAD as none.
        if (request.spares?.(resolution.host) === true) {
          const { digest, mediaType, host: via } = resolution;
          return { kind: "pulled", digest, mediaType, via, unread: "rate-limit" };
        }
        const read = await readManifestChain(request, traits, resolution, signal);
        if (read.kind === "pulled") request.manifests.remember(read);
        return read;
      }
      case "content":
        return { kind: "content", via: resolution.host, problem: resolution.problem };
      case "failed": {
        // Of an anonymous attempt; where the kubelet sent a credential, that one takes its place.
        const credential = resolution.shown.host.credential?.origin;
        return credential === undefined ? resolution : { ...resolution, credential };
      }
      case "no-hosts":
      case "unfinished":
        return resolution;
    }
  }
}
