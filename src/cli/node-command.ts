import { givenNode } from "./given-node.js";
import { reportNode } from "./node-report.js";
import { parseSubject } from "./node-subject.js";
import { renderNodeText } from "./node-text.js";
import type { CliIo } from "./types.js";

/** The flags of `pullguard node`, as commander names them. */
export interface NodeFlags {
  readonly nodeRoot?: string;
  readonly runtime?: string;
  readonly platform?: string;
  readonly output: "text" | "json";
}

/**
 * Prints what a node would do for a registry or an image, or what its files say in general. Dials nobody.
 * @returns 0; 1 where the node would try no host at all
 * @throws PullguardError `InputInvalid` for what cannot be read
 */
export function runNode(subject: string | undefined, flags: NodeFlags, io: CliIo): number {
  const report = reportNode(givenNode(flags), subject === undefined ? undefined : parseSubject(subject));
  const text =
    flags.output === "json"
      ? `${JSON.stringify({ apiVersion: "pullguard.dev/v1", kind: "NodeReport", ...report }, null, 2)}\n`
      : renderNodeText(report);
  io.stdout.write(text);
  return report.plan !== undefined && report.plan.hosts.length === 0 ? 1 : 0;
}
