import { lookup } from "node:dns";
import { type AuditSubject, certificateForecasts, credentialForecasts, type ExpiryForecast } from "../audit/index.js";
import type { Clock } from "../core/index.js";
import { type RegistryCredential, type SecretSource, selectPullSecrets } from "../credentials/index.js";
import type { HostTls, NodeSource, RegistryHost } from "../node/index.js";
import { parseReference, repositoryName } from "../reference/index.js";
import { type AddressRules, createAddressGuard, type RegistryDeps, viewRegistry } from "../registry/index.js";

export interface ForecastDeps {
  readonly clock: Clock;
  readonly nodes: NodeSource;
  readonly secrets: SecretSource;
  readonly identityKey: Uint8Array;
  /** How registries are dialled. */
  readonly dialling: Omit<RegistryDeps, "clock" | "identityKey" | "systemCaPems" | "userAgent">;
}

/** The same with what a command has at hand. */
export function commandForecast({
  addressRules,
  ...deps
}: Omit<ForecastDeps, "dialling"> & { readonly addressRules: () => AddressRules }) {
  return auditForecast({ ...deps, dialling: { guard: createAddressGuard(addressRules, lookup) } });
}

/** Of one registry; more would be read for certificates and Secrets that are hardly others. */
const maxHosts = 5;
const maxSelections = 200;

/** Looks at what of a registry's certificates and credentials ends by itself: one connection a host, no request. */
export function auditForecast(
  deps: ForecastDeps,
): (subjects: readonly AuditSubject[], signal: AbortSignal) => Promise<readonly ExpiryForecast[]> {
  return async (subjects, signal) => {
    const [first] = subjects;
    if (first === undefined || first.registry === "") return [];
    const certificates = await certificatesOf(deps, subjects, signal);
    const credentials = await credentialsOf(deps, subjects, signal);
    return [...certificates, ...credentialForecasts(first.registry, credentials)];
  };
}

async function certificatesOf(
  { clock, nodes, identityKey, dialling }: ForecastDeps,
  subjects: readonly AuditSubject[],
  signal: AbortSignal,
): Promise<readonly ExpiryForecast[]> {
  const byAddress = new Map<string, { readonly host: RegistryHost; readonly trust: Set<HostTls> }>();
  const bySpec = new Map(subjects.map((subject) => [subject.spec, subject]));
  for (const host of [...bySpec.values()].slice(0, maxSelections).flatMap((subject) => secureHosts(nodes, subject))) {
    const known = byAddress.get(host.address);
    if (known !== undefined) known.trust.add(host.tls);
    else if (byAddress.size < maxHosts) byAddress.set(host.address, { host, trust: new Set([host.tls]) });
  }
  const registry = subjects[0]?.registry ?? "";
  const forecasts: ExpiryForecast[] = [];
  for (const [address, { host, trust }] of byAddress) {
    const { proxy, dialTimeoutMs } = host;
    const view = await viewRegistry(
      { ...dialling, clock, systemCaPems: undefined, identityKey: Buffer.from(identityKey).toString("hex") },
      { address, judges: [], dialTimeoutMs, ...(proxy === undefined ? {} : { proxy }) },
      signal,
    );
    if (view.kind === "tls") forecasts.push(...certificateForecasts(registry, address, view.chain, [...trust]));
  }
  return forecasts;
}

function secureHosts(nodes: NodeSource, { use, spec }: AuditSubject): readonly RegistryHost[] {
  const parsed = parseReference(use.image, "current");
  if (parsed.kind !== "reference") return [];
  return nodes.candidatesFor(spec).flatMap(({ profile }) => {
    const plan = profile.hostsFor(parsed.reference);
    return plan.kind === "hosts" ? plan.hosts.filter(({ scheme }) => scheme === "https") : [];
  });
}

/** Every credential that some workload would use for the registry. */
async function credentialsOf(
  { secrets, identityKey }: ForecastDeps,
  subjects: readonly AuditSubject[],
  signal: AbortSignal,
): Promise<readonly RegistryCredential[]> {
  const selections = new Map<string, AuditSubject>();
  for (const subject of subjects) {
    const { workload, spec } = subject;
    const key = JSON.stringify([workload.namespace, spec.imagePullSecrets, spec.serviceAccountName, spec.isTemplate]);
    if (selections.size < maxSelections) selections.set(key, subject);
  }
  const found = new Map<string, RegistryCredential>();
  for (const { workload, spec, use } of selections.values()) {
    const parsed = parseReference(use.image, "current");
    if (parsed.kind !== "reference" || signal.aborted) continue;
    const selection = await selectPullSecrets(
      { source: secrets, identityKey },
      {
        namespace: workload.namespace,
        imagePullSecrets: spec.imagePullSecrets,
        serviceAccountName: spec.serviceAccountName,
        injectServiceAccount: spec.isTemplate,
      },
      signal,
    );
    for (const credential of selection.keyring.lookup(repositoryName(parsed.reference))) {
      found.set(JSON.stringify(credential.origin), credential);
    }
  }
  return [...found.values()];
}
