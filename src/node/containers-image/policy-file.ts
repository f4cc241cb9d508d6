import type { FactOrigin, NodeConfigIssue, NodeFiles } from "../types.js";
import type { CrioConfig } from "./crio-conf.js";
import { type PolicyReading, parsePolicy } from "./policy.js";

/** The policy that counts on a node and where it was read. */
export type PolicyFileReading =
  | {
      readonly kind: "policy";
      readonly demandFor: Extract<PolicyReading, { kind: "policy" }>["demandFor"];
      readonly origin: FactOrigin;
      readonly issues: readonly NodeConfigIssue[];
    }
  | { readonly kind: "invalid"; readonly problem: string; readonly origin: FactOrigin };

const systemFile = "/etc/containers/policy.json";
const ownFile = "/root/.config/containers/policy.json";
/** One policy a namespace, by its name. */
const crioFolder = "/etc/crio/policies";

/**
 * Finds and reads the signature policy. A node without any pulls nothing, so where none was shown the rest of the node was
 * left out, and nothing is demanded.
 * Source: containers/image signature/policy_config.go `DefaultPolicy`; CRI-O server/image_pull.go `contextForNamespace`.
 */
export function readPolicy(files: NodeFiles, crio: CrioConfig | undefined): PolicyFileReading {
  const file = crio?.signaturePolicyFile ?? (files.exists(ownFile) ? ownFile : systemFile);
  const origin = { file };
  const reading = files.read(file);
  if (reading.kind === "missing") return { kind: "policy", demandFor: () => "nothing", origin, issues: [] };
  if (reading.kind === "unreadable") {
    const message = `Pullguard cannot read it: ${reading.reason}`;
    const issues = [{ code: "RuntimeConfigUnreadable", message, origin } as const];
    return { kind: "policy", demandFor: () => "nothing", origin, issues };
  }
  const parsed = parsePolicy(reading.text);
  if (parsed.kind === "invalid") return { ...parsed, origin };
  // A namespace's own policy may allow what the general one rejects.
  const varies = crio !== undefined && (files.list(crioFolder) ?? []).some((name) => name.endsWith(".json"));
  const demandFor: typeof parsed.demandFor = (reference) => {
    const demand = parsed.demandFor(reference);
    return varies && demand === "rejected" ? "signature" : demand;
  };
  return { kind: "policy", demandFor, origin, issues: [] };
}
