import { ApiException, ListWatch } from "@kubernetes/client-node";
import type { Clock } from "../core/index.js";
import type { SecretSource } from "../credentials/index.js";
import { listAccounts, type WatchedAccount } from "./account-list.js";
import { AccountWatch } from "./account-watch.js";
import type { ClusterAccess } from "./kubeconfig.js";

/** What became of the watch, for a log. `reason` holds codes and names only. */
export type AccountWatchEvent =
  | { readonly kind: "synced"; readonly accounts: number }
  | { readonly kind: "fault"; readonly reason: string; readonly retryMs: number };

export interface WatchedAccountsDeps {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  /** Asked for Secrets always, for ServiceAccounts whenever the watch cannot answer. */
  readonly source: SecretSource;
  readonly onEvent?: (event: AccountWatchEvent) => void;
  /** From 0 to 1, for waits that differ between replicas; Math.random unless told otherwise. */
  readonly random?: () => number;
}

/** ServiceAccounts as a watch tells them. */
export interface WatchedAccounts {
  readonly secrets: SecretSource;
  /** Why a server should not be sent requests yet; undefined for good soon after the start, whatever the API server does. */
  notReady(): string | undefined;
  stop(): void;
}

const firstRetryMs = 1_000;
const maxRetryMs = 30_000;
/** A right that is missing is granted by people, if at all. */
const refusedRetryMs = 60_000;
/** So long a server waits for its first sync; answers need it for their speed only. */
const maxStartMs = 10_000;

/**
 * Follows all ServiceAccounts of a cluster with list and watch, and answers from memory while the watch stands. At any
 * other time (before the first sync, between two watches, without the right to list or watch), and for an account that
 * the watch has not told of, it asks `source`; so nothing but speed depends on the watch, and an account that does not
 * exist is reported by the API server alone. Starts at once; failures are tried again after a growing, jittered wait.
 */
export function watchServiceAccounts(deps: WatchedAccountsDeps): WatchedAccounts {
  const { access, clock, source, random = Math.random } = deps;
  const stopping = new AbortController();
  const startedMs = clock.nowMs();
  let settled = false;
  const onStanding = (): void => {
    settled = true;
    deps.onEvent?.({ kind: "synced", accounts: informer.list().length });
  };
  const watch = new AccountWatch({ config: access.config, clock, stopped: stopping.signal, random, onStanding });
  const list = () => listAccounts(access.core, stopping.signal);
  const informer = new ListWatch<WatchedAccount>("/api/v1/serviceaccounts", watch, list, false);
  const nextRetryMs = backOff(clock, random);

  const retry = async (error: unknown): Promise<void> => {
    if (stopping.signal.aborted) return;
    const fault = faultOf(error, access.server);
    settled ||= fault.isRefusal;
    const retryMs = nextRetryMs(fault.isRefusal);
    deps.onEvent?.({ kind: "fault", reason: fault.reason, retryMs });
    try {
      await clock.sleep(retryMs, stopping.signal);
    } catch {
      return;
    }
    await start();
  };
  const start = (): Promise<void> => informer.start().catch(retry);
  informer.on("error", (error: unknown) => void retry(error));
  void start();

  return {
    secrets: {
      secret: (namespace, name, signal) => source.secret(namespace, name, signal),
      serviceAccount: async (namespace, name, signal) => {
        const account = watch.isCurrent() ? informer.get(name, namespace) : undefined;
        if (account === undefined) return await source.serviceAccount(namespace, name, signal);
        return { kind: "found", imagePullSecrets: account.imagePullSecrets };
      },
    },
    notReady: () => {
      settled ||= clock.nowMs() - startedMs >= maxStartMs;
      return settled ? undefined : "not synced yet";
    },
    stop: () => {
      stopping.abort(new Error("stopped"));
      void informer.stop();
    },
  };
}

/** How long to wait before the next try: twice as long each time, from half to all of it by chance. */
function backOff(clock: Clock, random: () => number): (isRefusal: boolean) => number {
  let failures = 0;
  let lastMs = clock.nowMs();
  return (isRefusal) => {
    const nowMs = clock.nowMs();
    // A fault so long after the one before is a new one.
    if (nowMs - lastMs > 4 * maxRetryMs) failures = 0;
    lastMs = nowMs;
    const waitMs = isRefusal ? refusedRetryMs : Math.min(maxRetryMs, firstRetryMs * 2 ** failures);
    failures = Math.min(failures + 1, 10);
    return Math.round(waitMs * (0.5 + random() / 2));
  };
}

interface AskingFault {
  readonly reason: string;
  /** The API server was asked and does not allow it. */
  readonly isRefusal: boolean;
}

/** Takes what a list rejects with as well as what a watch ends with; only codes of either. */
function faultOf(error: unknown, server: string): AskingFault {
  const status = error instanceof ApiException ? error.code : memberOf(error, "status");
  if (status === 403) {
    return { reason: "Pullguard has no permission to list and watch serviceaccounts (403)", isRefusal: true };
  }
  if (typeof status === "number") {
    return { reason: `the API server ${server} answered ${status} to list or watch serviceaccounts`, isRefusal: false };
  }
  const code = memberOf(error, "code");
  const told = typeof code === "string" ? ` (${code})` : "";
  return { reason: `the API server ${server} cannot be watched${told}`, isRefusal: false };
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
