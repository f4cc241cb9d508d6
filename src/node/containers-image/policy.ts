import type { ImageReference } from "../../reference/index.js";
import { repositoryName, runtimeReference } from "../../reference/index.js";

/** What policy.json demands of an image. */
export type PolicyDemand = "nothing" | "rejected" | "signature";

/** A policy, or why the runtime refuses the file and with it every pull. */
export type PolicyReading =
  | { readonly kind: "policy"; readonly demandFor: (reference: ImageReference) => PolicyDemand }
  | { readonly kind: "invalid"; readonly problem: string };

type Requirements = readonly PolicyDemand[];

/**
 * Reads policy.json, which must be sound to the last key.
 * Source: containers/image signature/policy_config.go, docker/policyconfiguration/naming.go.
 */
export function parsePolicy(text: string): PolicyReading {
  const root = parseObject(text);
  if (root === undefined) return invalid("not a JSON object");
  const stray = Object.keys(root).find((key) => key !== "default" && key !== "transports");
  if (stray !== undefined) return invalid(`Unknown key ${quote(stray)}`);
  if (root.default === undefined || root.default === null) return invalid("Default policy is missing");
  const byDefault = readRequirements(root.default);
  if (typeof byDefault === "string") return invalid(byDefault);
  const scopes = readScopes(root.transports);
  if (typeof scopes === "string") return invalid(scopes);
  const demandFor = (reference: ImageReference): PolicyDemand => {
    const scope = scopeNames(reference).find((name) => scopes.has(name));
    return strictest(scope === undefined ? byDefault : (scopes.get(scope) ?? byDefault));
  };
  return { kind: "policy", demandFor };
}

function invalid(problem: string): PolicyReading {
  return { kind: "invalid", problem };
}

/** All requirements must be met. */
function strictest(requirements: Requirements): PolicyDemand {
  if (requirements.includes("rejected")) return "rejected";
  return requirements.includes("signature") ? "signature" : "nothing";
}

/** Scopes of the docker transport that are about an image, the most specific first; "" is the transport's own default. */
function scopeNames(reference: ImageReference): readonly string[] {
  const names = [runtimeReference(reference)];
  let name = repositoryName(reference);
  for (;;) {
    names.push(name);
    const slash = name.lastIndexOf("/");
    if (slash === -1) break;
    name = name.slice(0, slash);
  }
  let host = name.split(":", 1)[0] ?? "";
  for (let dot = host.indexOf("."); dot !== -1; dot = host.indexOf(".")) {
    host = host.slice(dot + 1);
    names.push(`*.${host}`);
  }
  return [...names, ""];
}

/** The docker scopes; what is said of other transports must be sound, too. */
function readScopes(value: unknown): ReadonlyMap<string, Requirements> | string {
  const docker = new Map<string, Requirements>();
  if (value === undefined) return docker;
  if (!isObject(value)) return "transports must be an object";
  for (const [transport, scopes] of Object.entries(value)) {
    if (!isObject(scopes)) return `the scopes of ${quote(transport)} must be an object`;
    for (const [scope, written] of Object.entries(scopes)) {
      const requirements = readRequirements(written);
      if (typeof requirements === "string") return `${quote(transport)}, ${quote(scope)}: ${requirements}`;
      if (transport === "docker") docker.set(scope, requirements);
    }
  }
  return docker;
}

function readRequirements(value: unknown): Requirements | string {
  if (!Array.isArray(value) || value.length === 0) return "List of verification policy requirements must not be empty";
  const demands: PolicyDemand[] = [];
  for (const requirement of value) {
    const type: unknown = isObject(requirement) ? requirement.type : undefined;
    const plain = isObject(requirement) && Object.keys(requirement).length === 1;
    if (type === "insecureAcceptAnything" && plain) demands.push("nothing");
    else if (type === "reject" && plain) demands.push("rejected");
    else if (type === "signedBy" || type === "sigstoreSigned" || type === "signedBaseLayer") demands.push("signature");
    else if (plain || typeof type !== "string") return "Unknown policy requirement type";
    else return `a requirement of type ${quote(type)} has a key too many`;
  }
  return demands;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
