import { lookup } from "node:dns";
import { pulledCollector } from "../audit/index.js";
import type { NodeView } from "../cli/index.js";
import type { ServeConfig } from "../config/index.js";
import { type CacheRegister, type Clock, namedCaches } from "../core/index.js";
import { createAddressGuard } from "../registry/index.js";
import type { Log, Metrics } from "../telemetry/index.js";
import { type Assembly, assembleCheck } from "./assemble.js";
import { type OpenAudit, openAudit } from "./audit.js";
import { auditForecast } from "./audit-forecast.js";
import type { ClusterView } from "./cluster-view.js";
import type { OpenPolicy } from "./policy.js";

export interface WebhookAuditDeps extends Pick<OpenPolicy, "addressRules"> {
  readonly clock: Clock;
  readonly version: string;
  readonly cluster: ClusterView;
  readonly node: NodeView;
  readonly logger: Log;
  readonly metrics: Metrics;
  readonly identityKey: Uint8Array;
  /** How registries fare with the webhook. */
  readonly registryHealth: Assembly["registryHealth"];
  readonly caches: CacheRegister;
  /** Tells the Pod's name. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The auditor beside the webhook, where it is wanted. It has an engine of its own, lest it push what admissions need out of memory or wait
 * behind their limits; its own budgets bound what it asks.
 * @returns undefined where no audit is wanted, or no cluster is followed
 */
export function openWebhookAudit(config: ServeConfig, deps: WebhookAuditDeps): OpenAudit | undefined {
  const { clock, version, cluster, node, logger, metrics, addressRules, identityKey } = deps;
  const { followed, secrets } = cluster;
  const watched = followed?.nodes();
  if (!config.audit || followed === undefined || watched === undefined) return undefined;
  let assembly: Assembly | undefined;
  const audit = openAudit({
    access: followed.access,
    ...{ clock, logger },
    namespace: config.auditNamespace ?? followed.access.namespace,
    instance: (deps.env.HOSTNAME ?? "").slice(0, 128) || "pullguard",
    nodes: watched.nodes,
    states: watched.states,
    pausedMs: pausesOf(deps),
    intervalMinutes: config.auditInterval,
    requestsPerMinute: config.auditRate,
    openEngine: (onRequest) => {
      const collector = pulledCollector();
      assembly = assembleCheck({
        ...{ clock, version, secrets, node, addressRules, identityKey },
        missingSecretsMayAppear: true,
        openNodes: () => watched.nodes,
        injectServiceAccount: "templates",
        lingerMs: 0,
        layers: config.noLayers ? "skip" : "check",
        caches: namedCaches("audit_", deps.caches),
        onPulled: collector.note,
        observer: {
          onFault: (error) => {
            metrics.fault("check");
            logger.error({ err: error }, "a check of the audit failed");
          },
          onRequest: ({ registry, method, status, durationMs }) => {
            onRequest(registry);
            metrics.registryRequest({ registry, method, code: status ?? "fault", durationMs });
          },
          onRateLimit: ({ registry, reading }) => metrics.rateLimitRemaining(registry, reading.remaining),
          onCache: () => undefined,
        },
      });
      return collector.asking(assembly.check);
    },
    forecast: auditForecast({
      ...{ clock, nodes: watched.nodes, secrets, identityKey },
      dialling: { guard: createAddressGuard(addressRules, lookup) },
    }),
  });
  metrics.observe({ unpullable: audit.unpullable });
  return {
    ...audit,
    stop: async () => {
      await audit.stop();
      await assembly?.close();
    },
  };
}

const lookMs = 1_000;

/** What does not answer the webhook may answer the audit, which asks others: only a registry's own wish to be left alone counts. */
function pausesOf({ registryHealth, clock }: WebhookAuditDeps): (host: string) => number {
  let lookedMs = Number.NEGATIVE_INFINITY;
  let pauses: ReadonlyMap<string, number> = new Map();
  return (host) => {
    const nowMs = clock.nowMs();
    if (nowMs - lookedMs >= lookMs) {
      lookedMs = nowMs;
      pauses = new Map(registryHealth().map(({ registry, pausedUntilMs = 0 }) => [registry, pausedUntilMs]));
    }
    return Math.max(0, (pauses.get(host) ?? 0) - nowMs);
  };
}
