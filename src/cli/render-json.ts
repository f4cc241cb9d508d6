import type { Report } from "../check/index.js";
import type { Finding } from "../findings/index.js";
import { type Locate, type Location, nowhere } from "./location.js";

/**
 * The report for machines: one JSON document, described by `docs/check-report.schema.json`, ending in a newline.
 * Keys may be added within `pullguard.dev/v1`, never renamed or removed.
 */
export function renderJson(report: Report, locate: Locate = nowhere): string {
  const { pullable, unpullable, skipped, unknown } = report.summary;
  const document = {
    apiVersion: "pullguard.dev/v1",
    kind: "CheckReport",
    summary: { pullable, unpullable, skipped, unknown },
    images: report.findings.map((finding) => ({ ...imageOf(finding), ...locationsOf(locate(finding)) })),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** Absent for images that no file names. */
function locationsOf(locations: readonly Location[]) {
  if (locations.length === 0) return {};
  return {
    locations: locations.map(({ fieldPath, file, source, position }) => ({
      fieldPath,
      file: file ?? null,
      line: position?.line ?? null,
      column: position?.column ?? null,
      ...(source === undefined ? {} : { source }),
    })),
  };
}

function imageOf(finding: Finding): Finding {
  const { apiVersion, kind, namespace, name } = finding.workload;
  // Key by key, so that a field added to findings becomes public by decision and not by accident.
  return {
    image: finding.image,
    reference: finding.reference,
    digest: finding.digest,
    verdict: finding.verdict,
    cause: finding.cause,
    kubelet: { reason: finding.kubelet.reason },
    message: finding.message,
    fix: finding.fix,
    ...(finding.advisories === undefined
      ? {}
      : { advisories: finding.advisories.map(({ cause, message, fix }) => ({ cause, message, fix })) }),
    workload: { apiVersion, kind, namespace, name },
    fieldPaths: [...finding.fieldPaths],
  };
}
