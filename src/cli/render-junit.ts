import type { Report } from "../check/index.js";
import type { Finding } from "../findings/index.js";
import type { FailOn } from "./check-flags.js";
import { type Locate, stdinPlace, target } from "./location.js";
import { printable } from "./wrap.js";

/** What a report of tests needs besides its results. */
export interface JunitContext {
  readonly failOn: FailOn;
  readonly startedMs: number;
  readonly durationMs: number;
}

/**
 * The report as JUnit XML: a suite for each workload, a case for each image. An image that cannot be pulled is a failure;
 * one of which that is not known an error, or skipped where `failOn` does not count it. Keeps to what the schemas in use,
 * Ant's and Jenkins', have in common; only what is skipped is not in the older ones of Ant.
 */
export function renderJunit(report: Report, locate: Locate, context: JunitContext): string {
  const suites = [...suitesOf(report.findings)];
  const body = suites.map(([title, findings], index) => suite(title, findings, index, locate, context));
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${body.join("")}</testsuites>\n`;
}

function suitesOf(findings: readonly Finding[]): ReadonlyMap<string, readonly Finding[]> {
  const suites = new Map<string, Finding[]>();
  for (const finding of findings) {
    const { kind, namespace, name } = finding.workload;
    const title = kind === "" ? "images" : [kind, namespace, name].filter((part) => part !== "").join("/");
    const suite = suites.get(title);
    if (suite === undefined) suites.set(title, [finding]);
    else suite.push(finding);
  }
  return suites;
}

function suite(
  title: string,
  findings: readonly Finding[],
  index: number,
  locate: Locate,
  { failOn, startedMs, durationMs }: JunitContext,
): string {
  const count = (outcome: Outcome): number => findings.filter((each) => outcomeOf(each, failOn) === outcome).length;
  const attributes = {
    package: "pullguard",
    id: index,
    name: title,
    timestamp: new Date(startedMs).toISOString().slice(0, 19),
    hostname: "localhost",
    tests: findings.length,
    failures: count("failure"),
    errors: count("error"),
    ...(count("skipped") === 0 ? {} : { skipped: count("skipped") }),
    // Images are checked together, so the time is that of all of them.
    time: (index === 0 ? durationMs / 1000 : 0).toFixed(3),
  };
  const cases = findings.map((finding) => testCase(title, finding, locate, failOn));
  return `  <testsuite${listed(attributes)}>\n    <properties>\n      <property name="tool" value="pullguard"/>\n    </properties>\n${cases.join("")}    <system-out/>\n    <system-err/>\n  </testsuite>\n`;
}

type Outcome = "passed" | "failure" | "error" | "skipped";

function outcomeOf({ verdict }: Finding, failOn: FailOn): Outcome {
  switch (verdict) {
    case "pullable":
      return "passed";
    case "skipped":
      return "skipped";
    case "unpullable":
      return "failure";
    case "unknown":
      return failOn === "unknown" ? "error" : "skipped";
  }
}

function testCase(title: string, finding: Finding, locate: Locate, failOn: FailOn): string {
  const open = `    <testcase${listed({ name: finding.image, classname: `pullguard.${title}`, time: "0.000" })}`;
  const outcome = outcomeOf(finding, failOn);
  const type = finding.cause ?? finding.verdict;
  switch (outcome) {
    case "passed":
      return `${open}/>\n`;
    case "skipped":
      return `${open}>\n      <skipped>${escaped(`${type}: ${finding.message}`)}</skipped>\n    </testcase>\n`;
    case "failure":
    case "error":
      return `${open}>\n      <${outcome}${listed({ message: finding.message, type })}>${escaped(
        details(finding, locate),
      )}</${outcome}>\n    </testcase>\n`;
  }
}

function details(finding: Finding, locate: Locate): string {
  const places = locate(finding).map((location) => {
    const { file, position } = target(location);
    const line = position === undefined ? "" : `:${position.line}:${position.column}`;
    const where = file === undefined ? stdinPlace(location) : `${file}${line}`;
    return `at ${where}${where === "" ? "" : " "}${location.fieldPath}`;
  });
  const shown = places.length > 0 ? places : finding.fieldPaths.map((path) => `at ${path}`);
  return [finding.message, ...(finding.fix === null ? [] : [`Fix: ${finding.fix}`]), ...shown].join("\n");
}

function listed(attributes: Readonly<Record<string, string | number>>): string {
  return (
    Object.entries(attributes)
      // A parser would make a space of a line break in an attribute.
      .map(([name, value]) => ` ${name}="${escaped(printable(String(value)))}"`)
      .join("")
  );
}

/** XML 1.0 has no way to write most control characters, not even escaped; the others would be read as spaces. */
function escaped(text: string): string {
  return text
    .split("\n")
    .map((line) => printable(line).replaceAll(/[\p{Cs}\ufffe\uffff]/gu, "\ufffd"))
    .join("\n")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
