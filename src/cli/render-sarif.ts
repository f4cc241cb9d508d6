import { createHash } from "node:crypto";
import { isAbsolute } from "node:path";
import { pathToFileURL } from "node:url";
import type { Report } from "../check/index.js";
import { type CauseCode, causeEntry, type Finding } from "../findings/index.js";
import { type Locate, type Location, target } from "./location.js";
import { printable } from "./wrap.js";

interface Told {
  readonly finding: Finding;
  readonly rule: string;
  readonly cause: CauseCode | null;
  readonly level: "error" | "warning" | "note";
  readonly message: string;
  readonly fix: string | null;
}

/**
 * The report as SARIF 2.1.0: a rule for each cause, a result for each place that names an image with a finding. What can
 * be pulled or need not be has no result.
 * Source: OASIS, Static Analysis Results Interchange Format 2.1.0
 */
export function renderSarif(report: Report, locate: Locate, version: string): string {
  const told = report.findings.flatMap(toldOf);
  const rules = [...new Map(told.map(({ rule, cause }) => [rule, cause]))];
  const indexOf = new Map(rules.map(([rule], index) => [rule, index]));
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "Pullguard", version, rules: rules.map(([rule, cause]) => ruleOf(rule, cause)) } },
        // JavaScript and the YAML parser count as SARIF does by this.
        columnKind: "utf16CodeUnits",
        results: told.flatMap((each) => resultsOf(each, indexOf.get(each.rule) ?? 0, locate)),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function toldOf(finding: Finding): readonly Told[] {
  const { verdict, cause, message, fix, advisories = [] } = finding;
  const own: readonly Told[] =
    verdict === "unpullable" || verdict === "unknown"
      ? [
          {
            finding,
            rule: cause ?? verdict,
            cause,
            level: verdict === "unpullable" ? "error" : "warning",
            message,
            fix,
          },
        ]
      : [];
  return [
    ...own,
    ...advisories.map((advisory): Told => ({ ...advisory, finding, rule: advisory.cause, level: "note" })),
  ];
}

function ruleOf(id: string, cause: CauseCode | null) {
  if (cause === null) return { id };
  const { explanation, fix, persistence, symptom } = causeEntry(cause);
  return {
    id,
    name: id,
    shortDescription: { text: explanation },
    fullDescription: { text: `${explanation} Seen on a node as: ${symptom}` },
    help: { text: fix },
    defaultConfiguration: {
      level: { permanent: "error", transient: "warning", none: "none", advice: "note" }[persistence],
    },
    properties: { tags: ["kubernetes", "container-image"] },
  };
}

function resultsOf({ finding, rule, level, message, fix }: Told, ruleIndex: number, locate: Locate) {
  const { workload, image, reference, digest, verdict } = finding;
  const places: readonly Partial<Location>[] = locate(finding);
  return (places.length > 0 ? places : [{}]).map((place) => {
    const owner = [workload.kind, workload.namespace, workload.name].filter((part) => part !== "").join("/");
    const fieldPath = place.fieldPath ?? finding.fieldPaths[0] ?? "";
    const physical = physicalLocation(place);
    const text = [`${image}: ${message}`, ...(fix === null ? [] : [`Fix: ${fix}`])].map(printable).join("\n");
    return {
      ruleId: rule,
      ruleIndex,
      level,
      message: { text },
      locations: [
        {
          ...(physical === undefined ? {} : { physicalLocation: physical }),
          logicalLocations: [{ fullyQualifiedName: printable(`${owner}:${fieldPath}`), kind: "member" }],
        },
      ],
      partialFingerprints: { "pullguard/v1": fingerprint([rule, image, owner, fieldPath]) },
      properties: { image, reference, digest, verdict },
    };
  });
}

function physicalLocation(place: Partial<Location>) {
  const { file, position } = target({ fieldPath: "", ...place });
  if (file === undefined) return undefined;
  return {
    artifactLocation: { uri: uriOf(file) },
    ...(position === undefined ? {} : { region: { startLine: position.line, startColumn: position.column } }),
  };
}

function uriOf(file: string): string {
  if (isAbsolute(file)) return pathToFileURL(file).href;
  const segments = file.split("/").map(encodeURIComponent);
  // A colon in the first segment would make it a scheme; encodeURIComponent has seen to that.
  return segments.join("/");
}

/** The same for the same fault in the same place, whatever the lines around it do. */
function fingerprint(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}
