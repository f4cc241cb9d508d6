import type { ServeConfig } from "../config/index.js";
import type { Clock } from "../core/index.js";
import {
  type Log,
  type Metrics,
  openTracing,
  ReviewScope,
  type RunReview,
  reviewRunner,
  type TracedPorts,
  type Tracer,
  tracedPorts,
} from "../telemetry/index.js";

/** How the webhook's work is followed from outside. */
export interface Following {
  /** Present: traces are wanted. */
  readonly tracer?: Tracer;
  readonly ports?: TracedPorts;
  /** Surrounds each review; absent: nobody asks for which review something is done. */
  readonly within?: RunReview;
  /** Of the review that something is done for, where that is followed. */
  uid(): string | undefined;
  stop(): Promise<void>;
}

/** Follows reviews for traces and for logs at debug level. With neither, nothing is loaded, and no review costs more. */
export async function openFollowing(
  config: Pick<ServeConfig, "traceEndpoint" | "traceRatio" | "logLevel">,
  deps: { readonly clock: Clock; readonly version: string; readonly logger: Log; readonly metrics: Metrics },
): Promise<Following> {
  const { traceEndpoint: endpoint, traceRatio: ratio, logLevel } = config;
  const isTold = logLevel === "debug" || logLevel === "trace";
  if (endpoint === undefined && !isTold) return { uid: () => undefined, stop: () => Promise.resolve() };
  const scope = new ReviewScope();
  const uid = (): string | undefined => scope.current()?.uid;
  const { clock, version } = deps;
  const tracer =
    endpoint === undefined
      ? undefined
      : await openTracing({ endpoint, ratio, version, clock, scope, onExport: exportReporter(deps) });
  const within = reviewRunner({ scope, ...(tracer === undefined ? {} : { tracer }) });
  return {
    uid,
    ...(within === undefined ? {} : { within }),
    ...(tracer === undefined ? {} : { tracer, ports: tracedPorts(tracer) }),
    stop: () => tracer?.stop() ?? Promise.resolve(),
  };
}

/** Counts every batch; one line when spans begin to be lost, one when they arrive again. */
function exportReporter({ logger, metrics }: { readonly logger: Log; readonly metrics: Metrics }) {
  let isLosing = false;
  return ({ result, spans, error }: { result: "sent" | "lost"; spans: number; error?: unknown }): void => {
    metrics.traceSpans(result, spans);
    const wasLosing = isLosing;
    isLosing = result === "lost";
    if (isLosing === wasLosing) return;
    if (isLosing) logger.warn({ err: error }, "traces cannot be sent");
    else logger.info("traces are sent again");
  };
}
