import type { Report } from "../check/index.js";
import type { Finding } from "../findings/index.js";
import { type Locate, stdinPlace, target } from "./location.js";
import { printable } from "./wrap.js";

type Command = "error" | "warning" | "notice";

/**
 * The report as workflow commands of GitHub Actions: an error for each place that names an image which cannot be pulled, a
 * warning where that is not known, a notice for advice; then one line that counts.
 * Source: GitHub, "Workflow commands for GitHub Actions"; actions/toolkit packages/core/src/command.ts for the escapes.
 */
export function renderGithub(report: Report, locate: Locate): string {
  const lines = report.findings.flatMap((finding) => annotationsOf(finding, locate));
  const counts = Object.entries(report.summary).map(([verdict, count]) => `${count} ${verdict}`);
  return `${[...lines, `pullguard: ${counts.join(", ")}`].join("\n")}\n`;
}

function annotationsOf(finding: Finding, locate: Locate): readonly string[] {
  const { verdict, cause, message, fix, advisories = [] } = finding;
  const told: readonly { command: Command; cause: string; message: string; fix: string | null }[] = [
    ...(verdict === "unpullable" ? [{ command: "error" as const, cause: cause ?? verdict, message, fix }] : []),
    ...(verdict === "unknown" ? [{ command: "warning" as const, cause: cause ?? verdict, message, fix }] : []),
    ...advisories.map((advisory) => ({ command: "notice" as const, ...advisory })),
  ];
  const places = locate(finding);
  return told.flatMap((each) => {
    const title = `${each.cause}: ${printable(finding.image)}`;
    const text = [each.message, ...(each.fix === null ? [] : [`Fix: ${each.fix}`])].map(printable);
    if (places.length === 0) return [command(each.command, [["title", title]], text.join("\n"))];
    return places.map((place) => {
      const { file, position } = target(place);
      const properties: [string, string][] = [
        ...(file === undefined ? [] : [["file", file] as [string, string]]),
        ...(position === undefined ? [] : [["line", String(position.line)] as [string, string]]),
        ...(position === undefined ? [] : [["col", String(position.column)] as [string, string]]),
        ["title", title],
      ];
      const where = [place.fieldPath, stdinPlace(place)].filter((part) => part !== "").join(", ");
      return command(each.command, properties, [...text, `At: ${printable(where)}`].join("\n"));
    });
  });
}

function command(name: Command, properties: readonly (readonly [string, string])[], text: string): string {
  const listed = properties.map(([key, value]) => `${key}=${escapedProperty(value)}`).join(",");
  return `::${name} ${listed}::${escaped(text)}`;
}

function escaped(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapedProperty(text: string): string {
  return escaped(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
