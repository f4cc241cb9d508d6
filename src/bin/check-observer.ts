import type { Clock } from "../core/index.js";
import type { Log, Metrics } from "../telemetry/index.js";
import type { AssemblyOrder } from "./assemble.js";
import type { StatusKeeper } from "./status.js";
import type { Following } from "./tracing.js";

/** As metrics call them. */
const refusalReasons = { "circuit-open": "open", "over-budget": "budget", paused: "paused" } as const;

/** Who hears of what the webhook's check does: metrics, `/statusz`, traces and the log. */
export function checkObserver(deps: {
  readonly clock: Clock;
  readonly logger: Log;
  readonly metrics: Metrics;
  readonly following: Following;
  readonly keeper: StatusKeeper;
}): NonNullable<AssemblyOrder["observer"]> {
  const { clock, logger, metrics, following, keeper } = deps;
  return {
    onFault: (error, uid) => {
      metrics.fault("check");
      logger.error({ ...(uid === undefined ? {} : { uid }), err: error }, "a check failed");
    },
    onRequest: (request) => {
      const { registry, method, status, durationMs } = request;
      metrics.registryRequest({ registry, method, code: status ?? "fault", durationMs });
      keeper.registries.request(request, clock.nowMs());
      following.ports?.request(request);
      logger.debug({ uid: following.uid(), ...request }, "registry request");
    },
    onRateLimit: ({ registry, reading }) => {
      keeper.registries.rateLimit(registry, reading, clock.nowMs());
      metrics.rateLimitRemaining(registry, reading.remaining);
    },
    onHeldBack: (registry, kind) => {
      metrics.registryRefusal(registry, refusalReasons[kind]);
      logger.debug({ uid: following.uid(), registry, reason: refusalReasons[kind] }, "registry not asked");
    },
    onPullEstimate: (pullMs) => metrics.predictedPull(pullMs),
    onCache: (result) => {
      keeper.cacheRequest(result);
      metrics.cacheRequest(result);
    },
  };
}
