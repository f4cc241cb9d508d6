import { createHash } from "node:crypto";
import { grouped } from "./grouped.js";

/** One report object, without the kind, which depends on what is installed. */
export interface PolicyReport {
  /** "" for a report on the cluster as a whole. */
  readonly namespace: string;
  readonly name: string;
  /** Equal for equal content, whenever it was found. */
  readonly hash: string;
  /** What it is about; of the cluster nothing is named. */
  readonly scope?: { readonly apiVersion: "v1"; readonly kind: "Namespace"; readonly name: string };
  /** `fail`, `warn` and `error` count `results`; `pass` and `skip` what is not listed, in the first of several only. */
  readonly summary: Readonly<Record<ReportedResult, number>>;
  readonly results: readonly ResultObject[];
}

export type ReportedResult = "pass" | "fail" | "warn" | "error" | "skip";

/** An entry of `results`, as both kinds of reports have it. */
export interface ResultObject {
  readonly result: ReportedResult;
  readonly [field: string]: unknown;
}

/** What is listed; of the rest there is only the number. */
export const listedResults = ["fail", "warn", "error"] as const satisfies readonly ReportedResult[];
/** Objects of etcd end at 1.5 MB, and whoever shows reports reads them whole. */
const maxBytes = 400_000;
/** Results of one report. */
export const maxResults = 500;
/** Characters of one text. */
export const maxText = 1_000;

/** Splits results over the reports `pullguard-audit-0`, `-1` … of one namespace, or of the cluster (""). There is always a first one. */
export function reportParts(
  namespace: string,
  sound: Readonly<Record<"pass" | "skip", number>>,
  listed: readonly ResultObject[],
): readonly PolicyReport[] {
  return split(listed).map((results, index) => {
    const found = grouped(results, ({ result }) => result);
    const summary = {
      ...(index === 0 ? sound : { pass: 0, skip: 0 }),
      fail: found.get("fail")?.length ?? 0,
      warn: found.get("warn")?.length ?? 0,
      error: found.get("error")?.length ?? 0,
    };
    const scope = { apiVersion: "v1", kind: "Namespace", name: namespace } as const;
    const hash = createHash("sha256")
      .update(JSON.stringify([summary, results]))
      .digest("hex")
      .slice(0, 32);
    const name = `pullguard-audit-${index}`;
    return { namespace, name, hash, ...(namespace === "" ? {} : { scope }), summary, results };
  });
}

function split<T extends object>(results: readonly T[]): readonly (readonly T[])[] {
  const parts: T[][] = [[]];
  let bytes = 0;
  for (const result of results) {
    const size = Buffer.byteLength(JSON.stringify(result));
    let part = parts.at(-1) ?? [];
    if (part.length > 0 && (bytes + size > maxBytes || part.length === maxResults)) {
      part = [];
      parts.push(part);
      bytes = 0;
    }
    part.push(result);
    bytes += size;
  }
  return parts;
}
