import { buildKeyring, type KeyringDeps, type KeyringSource } from "./keyring.js";
import { parsePullSecret } from "./pull-secret.js";
import type { Keyring, PullSecret, SecretLookup, SecretReading, SecretSource, ServiceAccountLookup } from "./types.js";

export interface PullSecretDeps extends KeyringDeps {
  readonly source: SecretSource;
  /** Where what was made of a Secret is kept for as long as its source hands out the same object. */
  readonly interpreted?: InterpretedSecrets;
}

export type InterpretedSecrets = WeakMap<PullSecret, InterpretedSecret>;

interface InterpretedSecret {
  readonly reading: SecretReading;
  readonly source?: KeyringSource;
  /** Over this Secret alone, the most frequent case. */
  readonly keyring: Keyring;
}

/** What of a Pod or Pod template decides which Secrets its images are pulled with. */
export interface PullSecretRequest {
  readonly namespace: string;
  /** As in the Pod; an empty name blocks the ServiceAccount's list and is then skipped. */
  readonly imagePullSecrets: readonly string[];
  readonly serviceAccountName: string;
  /**
   * Whether the API server has yet to complete this Pod: true for a workload's template and for a Pod in a file, false
   * for a Pod of an admission review and for a mirror Pod.
   */
  readonly injectServiceAccount: boolean;
}

/** `not-found`: the API server refuses the Pod. `unreadable`: nobody told which list applies. */
export type ServiceAccountProblem =
  | { readonly name: string; readonly problem: "not-found" }
  | { readonly name: string; readonly problem: "unreadable"; readonly reason: string };

/** Which Secrets a Pod's images are pulled with and what the kubelet makes of them. */
export interface PullSecretSelection {
  /** Whose list applies. */
  readonly origin: "pod" | "serviceAccount";
  /** One a Secret, in the order of the list, each name once. */
  readonly readings: readonly SecretReading[];
  /** Over the usable Secrets; the node's own credentials come after it. */
  readonly keyring: Keyring;
  /** The malformed Secret whose error text the kubelet shows: with it every pull of the Pod fails. */
  readonly failing?: { readonly name: string; readonly message: string };
  /** Set where the ServiceAccount was needed and not read. */
  readonly serviceAccount?: ServiceAccountProblem;
}

/**
 * Finds and reads the Secrets that apply to a Pod, all at once. Secrets that are missing or unreadable are among the
 * readings: the kubelet skips them and pulls without.
 * Source: plugin/pkg/admission/serviceaccount `Admit`, kubelet `getPullSecretsForPod` (1.26 and 1.36)
 */
export async function selectPullSecrets(
  deps: PullSecretDeps,
  request: PullSecretRequest,
  signal: AbortSignal,
): Promise<PullSecretSelection> {
  if (!request.injectServiceAccount || request.imagePullSecrets.length > 0) {
    return { origin: "pod", ...(await readAll(deps, request.namespace, request.imagePullSecrets, signal)) };
  }
  const name = request.serviceAccountName === "" ? "default" : request.serviceAccountName;
  const account = await deps.source.serviceAccount(request.namespace, name, signal);
  const names = account.kind === "found" ? account.imagePullSecrets : [];
  const selected = { origin: "serviceAccount" as const, ...(await readAll(deps, request.namespace, names, signal)) };
  if (account.kind === "found") return selected;
  return { ...selected, serviceAccount: problemOf(name, account) };
}

function problemOf(name: string, account: Exclude<ServiceAccountLookup, { kind: "found" }>): ServiceAccountProblem {
  return account.kind === "not-found"
    ? { name, problem: "not-found" }
    : { name, problem: "unreadable", reason: account.reason };
}

async function readAll(
  deps: PullSecretDeps,
  namespace: string,
  list: readonly string[],
  signal: AbortSignal,
): Promise<Pick<PullSecretSelection, "readings" | "keyring" | "failing">> {
  // A name listed twice only makes the kubelet try the same credential twice.
  const names = [...new Set(list)].filter((name) => name !== "");
  if (names.length === 0) return { readings: noPullSecrets.readings, keyring: noPullSecrets.keyring };
  const read = async (name: string) => interpret(name, await deps.source.secret(namespace, name, signal), deps);
  const results = await Promise.all(names.map(read));
  const readings = results.map((result) => result.reading);
  const failing = readings.find((reading) => reading.kind === "malformed");
  return {
    readings,
    keyring: joined(results, deps),
    ...(failing === undefined ? {} : { failing: { name: failing.name, message: failing.message } }),
  };
}

/** The selection of a Pod that names no Secret. Most name none, and what that means is the same for all of them. */
export const noPullSecrets: PullSecretSelection = {
  origin: "pod",
  readings: [],
  keyring: { lookup: () => [], nearMisses: () => [], versionDependent: () => [] },
};

function joined(results: readonly InterpretedSecret[], deps: PullSecretDeps): Keyring {
  const [only] = results;
  if (only !== undefined && results.length === 1) return only.keyring;
  const sources = results.flatMap((result) => (result.source === undefined ? [] : [result.source]));
  return buildKeyring(sources, deps);
}

function interpret(name: string, lookup: SecretLookup, deps: PullSecretDeps): InterpretedSecret {
  if (lookup.kind === "not-found") return { reading: { kind: "not-found", name }, keyring: buildKeyring([], deps) };
  if (lookup.kind === "unreadable") {
    return { reading: { kind: "unreadable", name, reason: lookup.reason }, keyring: buildKeyring([], deps) };
  }
  const known = deps.interpreted?.get(lookup.secret);
  if (known !== undefined) return known;
  const { reading, entries } = parsePullSecret(lookup.secret);
  const source = { entries, ...provenance(lookup.secret) };
  const interpreted = { reading, source, keyring: buildKeyring([source], deps) };
  deps.interpreted?.set(lookup.secret, interpreted);
  return interpreted;
}

function provenance(secret: PullSecret): Pick<KeyringSource, "origin" | "version"> {
  const { namespace, name, resourceVersion } = secret;
  return { origin: { kind: "secret", namespace, name }, version: resourceVersion };
}
