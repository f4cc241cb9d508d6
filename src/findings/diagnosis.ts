import type { NearMiss, PullSecretSelection, SecretReading } from "../credentials/index.js";
import { certificateFolder, type NodeConfigIssue, type NodeProfile, type RegistryHost } from "../node/index.js";
import { type ImageReference, repositoryName } from "../reference/index.js";
import { type CauseCode, causeEntry } from "./catalogue.js";

/** What a diagnosis may look at besides the failure itself. */
export interface DiagnosisContext {
  readonly reference: ImageReference;
  readonly namespace: string;
  readonly profile: Pick<
    NodeProfile,
    "trust" | "credentials" | "hostsRoot" | "registryStyle" | "runtime" | "runtimeIsAssumed" | "lastConfirmed"
  >;
  readonly issues: readonly NodeConfigIssue[];
  /** The file that says which hosts the nodes ask could not be read. */
  readonly unseenHosts?: true;
  readonly secrets: SecretsView;
}

/** What is known of the Pod's pull secrets, for messages; no credential in it. */
export interface SecretsView {
  readonly readings: readonly SecretReading[];
  /** Keys that do not apply to the repository, the nearest first. */
  readonly nearMisses: readonly NearMiss[];
  /** Whether the kubelet's version decides which entries apply: nothing about access is certain then. */
  readonly versionDependent: boolean;
  /** Set where the ServiceAccount's list was needed and could not be had. */
  readonly serviceAccount?: NonNullable<PullSecretSelection["serviceAccount"]>;
  /** Whether a Secret that was not found may still be created before the kubelet looks (a live cluster, not a closed set of files). */
  readonly mayAppear: boolean;
}

/** One cause with its concrete values. `firm`: it stays broken, and what it depends on is known. */
export interface Diagnosis {
  readonly cause: CauseCode;
  readonly message: string;
  readonly fix: string;
  readonly firm: boolean;
}

/**
 * Builds a diagnosis: the catalogue says how long a cause lasts and what it depends on, the profile what is known.
 * @param values `message` one line of plain text; `fix` imperative, the catalogue's where absent; `firm: false` forces doubt
 */
export function diagnose(
  cause: CauseCode,
  context: DiagnosisContext,
  values: { readonly message: string; readonly fix?: string; readonly firm?: false },
): Diagnosis {
  const entry = causeEntry(cause);
  const missing = entry.needs === undefined ? undefined : missingKnowledge(entry.needs, context);
  const firm = entry.persistence === "permanent" && missing === undefined && values.firm !== false;
  const message = missing === undefined ? values.message : `${values.message}; ${missing}`;
  return { cause, message, fix: values.fix ?? entry.fix, firm };
}

function missingKnowledge(
  needs: "node-trust" | "node-credentials",
  { namespace, profile, reference, secrets }: DiagnosisContext,
): string | undefined {
  if (profile.lastConfirmed !== undefined) return `the nodes' profile was last confirmed ${profile.lastConfirmed()}`;
  if (needs === "node-trust") {
    return profile.trust === "known"
      ? undefined
      : `whether the nodes accept it is not known: check ${certificateFolder(profile, reference.domain)} on a node`;
  }
  if (secrets.versionDependent) return "which entry of the Secret applies depends on the kubelet's version";
  const unseen = unseenSecrets(namespace, secrets);
  if (unseen !== undefined) return unseen;
  if (profile.credentials.kind === "unknown") return "whether the nodes hold credentials of their own is not known";
  const repository = repositoryName(reference);
  if (profile.credentials.withheldFor?.(repository) === true) {
    return "the nodes hold credentials for it that are not shown to Pullguard";
  }
  const providers = profile.credentials.providersFor?.(repository) ?? [];
  return providers.length === 0
    ? undefined
    : `the nodes' credential provider ${providers.join(", ")} may have credentials`;
}

/** Credentials that the kubelet may find where Pullguard found none: what a registry refused so far proves nothing then. */
function unseenSecrets(namespace: string, { readings, serviceAccount, mayAppear }: SecretsView): string | undefined {
  const hidden = readings.find(({ kind }) => kind === "unreadable" || (kind === "not-found" && mayAppear));
  if (hidden !== undefined) return `Secret ${namespace}/${hidden.name} may hold credentials that it accepts`;
  if (serviceAccount === undefined) return undefined;
  return serviceAccount.problem === "unreadable" || mayAppear
    ? `ServiceAccount ${namespace}/${serviceAccount.name} may list Secrets that it accepts`
    : undefined;
}

/** How people call a host: the registry itself by name, a mirror as such. */
export function hostLabel(host: RegistryHost, reference: ImageReference): string {
  return host.mirrorOf === undefined || host.address === reference.domain
    ? host.address
    : `${host.address} (mirror of ${reference.domain})`;
}

/** A node file that silently does nothing is usually why trust is missing: say so beside the symptom. */
export function withIssues(message: string, { issues }: Pick<DiagnosisContext, "issues">): string {
  const [first] = issues;
  return first === undefined ? message : `${message}; ${first.origin.file}: ${first.message}`;
}
