import type { Finding } from "../findings/index.js";
import type { RecentFinding } from "./types.js";

/** The last things that were found; bounded, whoever creates what. */
export interface RecentFindings {
  /** What can be pulled, or is not pulled at all, is nothing to tell of. */
  note(finding: Finding, atMs: number): void;
  /** The newest first. */
  list(): readonly RecentFinding[];
}

const maxText = 512;

/** @param max  how many are kept; the same image, namespace, kind, name and cause again moves to the front and is counted */
export function createRecentFindings(max: number): RecentFindings {
  const kept = new Map<string, RecentFinding>();
  return {
    note: (finding, atMs) => {
      if (finding.verdict === "pullable" || finding.verdict === "skipped") return;
      const made = recentOf(finding, atMs);
      const key = [made.image, made.namespace, made.kind, made.name, made.cause].join("\n");
      const before = kept.get(key);
      kept.delete(key);
      kept.set(key, before === undefined ? made : { ...made, times: before.times + 1 });
      const [oldest] = kept.keys();
      if (kept.size > max && oldest !== undefined) kept.delete(oldest);
    },
    list: () => [...kept.values()].reverse(),
  };
}

function recentOf({ image, verdict, cause, message, workload }: Finding, atMs: number): RecentFinding {
  const { namespace, kind, name } = workload;
  const cut = (text: string): string => text.slice(0, maxText);
  return {
    atMs,
    times: 1,
    image: cut(image),
    namespace: cut(namespace),
    kind: cut(kind),
    name: cut(name),
    verdict,
    cause,
    message: cut(message),
  };
}
