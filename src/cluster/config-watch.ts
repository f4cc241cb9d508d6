import { ApiException, CustomObjectsApi, Watch } from "@kubernetes/client-node";
import type { Clock } from "../core/index.js";
import { withSignal } from "./abortable.js";
import { configResource, writeConfigStatus } from "./config-status.js";
import type { ClusterAccess } from "./kubeconfig.js";

/** What became of the watch, for a log. `reason` holds codes and names only. */
export type ConfigWatchEvent =
  | { readonly kind: "fault"; readonly reason: string; readonly retryMs: number }
  | { readonly kind: "status-fault"; readonly reason: string };

export interface ConfigWatchDeps {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  /** Name of the one object that counts. */
  readonly name: string;
  /**
   * Hears the object as it is, at the start and after every change; undefined where there is none.
   * @returns its status to write, where that is wanted
   */
  readonly onConfig: (object: unknown) => object | undefined;
  readonly onEvent?: (event: ConfigWatchEvent) => void;
  /** From 0 to 1; Math.random unless told otherwise. */
  readonly random?: () => number;
}

export interface ConfigWatch {
  /** Why a server should not be sent requests yet; undefined for good soon after the start. */
  notReady(): string | undefined;
  stop(): void;
}

const watchSeconds = 300;
/** A watch that does not end by itself has lost its connection. */
const graceMs = 30_000;
const firstRetryMs = 1_000;
const maxRetryMs = 30_000;
/** Rights are granted and CRDs installed by people, if at all. */
const refusedRetryMs = 60_000;
const maxStartMs = 10_000;

/**
 * Follows the PullguardConfig of a cluster with list and watch. Failures are tried again after a growing, jittered wait
 * and change nothing: what was heard last stays. A cluster without the CRD has no PullguardConfig.
 */
export function watchConfig(deps: ConfigWatchDeps): ConfigWatch {
  const { clock, random = Math.random } = deps;
  const stopping = new AbortController();
  const startedMs = clock.nowMs();
  let settled = false;
  let failures = 0;

  const hear = async (object: unknown): Promise<void> => {
    settled = true;
    const status = deps.onConfig(object);
    if (status === undefined || stopping.signal.aborted) return;
    const reason = await writeConfigStatus(deps.access, object, status, stopping.signal);
    if (reason !== undefined && !stopping.signal.aborted) deps.onEvent?.({ kind: "status-fault", reason });
  };

  const wait = async (error: unknown): Promise<void> => {
    const fault = faultOf(error, deps.access.server);
    if (fault.kind === "no-crd") await hear(undefined);
    settled ||= fault.kind !== "unavailable";
    const fullMs = fault.kind === "unavailable" ? Math.min(maxRetryMs, firstRetryMs * 2 ** failures) : refusedRetryMs;
    failures = Math.min(failures + 1, 10);
    const retryMs = Math.round(fullMs * (0.5 + random() / 2));
    if (fault.kind !== "no-crd") deps.onEvent?.({ kind: "fault", reason: fault.reason, retryMs });
    await clock.sleep(retryMs, stopping.signal);
  };

  const follow = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        const { object, resourceVersion } = await listConfig(deps, stopping.signal);
        await hear(object);
        failures = 0;
        await watchFrom(deps, resourceVersion, hear, stopping.signal);
      } catch (error) {
        // Only the end of the watch cuts a wait short.
        if (!stopping.signal.aborted) await wait(error).catch(() => undefined);
      }
    }
  };
  void follow();

  return {
    notReady: () => {
      settled ||= clock.nowMs() - startedMs >= maxStartMs;
      return settled ? undefined : "not read yet";
    },
    stop: () => stopping.abort(new Error("stopped")),
  };
}

async function listConfig(deps: ConfigWatchDeps, signal: AbortSignal) {
  const api = deps.access.config.makeApiClient(CustomObjectsApi);
  const fieldSelector = `metadata.name=${deps.name}`;
  const answer: unknown = await api.listClusterCustomObject({ ...configResource, fieldSelector }, withSignal(signal));
  const items = memberOf(answer, "items");
  const resourceVersion = memberOf(memberOf(answer, "metadata"), "resourceVersion");
  if (!Array.isArray(items) || typeof resourceVersion !== "string") {
    throw new Error("the answer is no list of PullguardConfigs");
  }
  const found: unknown = items.find((item) => memberOf(memberOf(item, "metadata"), "name") === deps.name);
  return { object: found, resourceVersion };
}

/** Resolves when the watch ends, however that comes; the list that follows tells what was missed. */
async function watchFrom(
  deps: ConfigWatchDeps,
  resourceVersion: string,
  hear: (object: unknown) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { group, version, plural } = configResource;
  const query = { resourceVersion, fieldSelector: `metadata.name=${deps.name}`, timeoutSeconds: watchSeconds };
  const sleepStop = new AbortController();
  let heard = Promise.resolve();
  const startedMs = deps.clock.nowMs();
  await new Promise<void>((resolve, reject) => {
    const onEvent = (phase: string, object: unknown): void => {
      // One after the other: a status is written for what was heard last.
      if (phase === "ADDED" || phase === "MODIFIED") heard = heard.then(() => hear(object));
      if (phase === "DELETED") heard = heard.then(() => hear(undefined));
      if (phase === "ERROR") reject(new Error("the watch has lost its place"));
    };
    const opened = new Watch(deps.access.config).watch(
      `/apis/${group}/${version}/${plural}`,
      query,
      onEvent,
      (fault: unknown) => (fault instanceof Error ? reject(fault) : resolve()),
    );
    opened.then(
      (controller) => {
        const end = (): void => {
          controller.abort();
          resolve();
        };
        if (signal.aborted) return end();
        signal.addEventListener("abort", end, { once: true });
        sleepStop.signal.addEventListener("abort", () => signal.removeEventListener("abort", end), { once: true });
        deps.clock.sleep(watchSeconds * 1000 + graceMs, sleepStop.signal).then(end, () => undefined);
      },
      (fault: unknown) => reject(fault),
    );
  }).finally(() => sleepStop.abort());
  await heard;
  // A proxy that ends every watch at once must not be dialled in a loop.
  if (deps.clock.nowMs() - startedMs < firstRetryMs) await deps.clock.sleep(firstRetryMs, signal);
}

type Fault = { readonly kind: "no-crd" } | { readonly kind: "refused" | "unavailable"; readonly reason: string };

function faultOf(error: unknown, server: string): Fault {
  const status = error instanceof ApiException ? error.code : memberOf(error, "statusCode");
  if (status === 404) return { kind: "no-crd" };
  if (status === 403) {
    return { kind: "refused", reason: "Pullguard has no permission to list and watch pullguardconfigs (403)" };
  }
  if (typeof status === "number") {
    return {
      kind: "unavailable",
      reason: `the API server ${server} answered ${status} to list or watch pullguardconfigs`,
    };
  }
  const code = memberOf(error, "code");
  const told = typeof code === "string" ? ` (${code})` : "";
  return { kind: "unavailable", reason: `the API server ${server} cannot be watched${told}` };
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
