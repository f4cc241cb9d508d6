import {
  type InterpretedSecrets,
  type KeyringDeps,
  noPullSecrets,
  type PullSecretSelection,
  type SecretSource,
  selectPullSecrets,
} from "../credentials/index.js";
import type { SecretsView } from "../findings/index.js";
import type { Workload } from "../workload/index.js";

export interface SecretsDeps {
  readonly secrets: SecretSource;
  readonly keyring: KeyringDeps;
  /** Whether a Secret that is not found may still be created before the kubelet looks: true for a live cluster. */
  readonly missingSecretsMayAppear: boolean;
  /** `templates`: Pods come from the API server, which has merged their ServiceAccount's list in. `always`: from files. */
  readonly injectServiceAccount: "templates" | "always";
}

/** What is kept of Secrets between the workloads of one check function. */
export interface SecretsMemory {
  readonly interpreted: InterpretedSecrets;
}

/** The Secrets of one workload, read at most once and only when an image needs them; at hand where it names none. */
export type PodSecretsReader = () => PullSecretSelection | Promise<PullSecretSelection>;

export function podSecretsReader(
  deps: SecretsDeps & SecretsMemory,
  workload: Workload,
  signal: AbortSignal,
): PodSecretsReader {
  let reading: Promise<PullSecretSelection> | undefined;
  const { pod, identity } = workload;
  const injectServiceAccount = deps.injectServiceAccount === "always" || pod.isTemplate;
  if (!injectServiceAccount && pod.imagePullSecrets.length === 0) return () => noPullSecrets;
  return () => {
    reading ??= selectPullSecrets(
      { ...deps.keyring, source: deps.secrets, interpreted: deps.interpreted },
      {
        namespace: identity.namespace,
        imagePullSecrets: pod.imagePullSecrets,
        serviceAccountName: pod.serviceAccountName,
        injectServiceAccount,
      },
      signal,
    );
    return reading;
  };
}

/** What findings may say about the Secrets, for one repository (`domain/path`). */
export function secretsView(selection: PullSecretSelection, repository: string, mayAppear: boolean): SecretsView {
  return {
    readings: selection.readings,
    nearMisses: selection.keyring.nearMisses(repository),
    versionDependent: selection.keyring.versionDependent(repository).length > 0,
    mayAppear,
    ...(selection.serviceAccount === undefined ? {} : { serviceAccount: selection.serviceAccount }),
  };
}

/** For images that are judged before any Secret is read. */
export const noSecretsRead: SecretsView = { readings: [], nearMisses: [], versionDependent: false, mayAppear: false };
