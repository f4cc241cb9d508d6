import { ReviewScope } from "./review-scope.js";
import type { Tracer, TracingOptions } from "./tracer.js";

/** Loads OpenTelemetry and starts tracing. The only way to it: whoever does not call this pays nothing. */
export async function openTracing(options: TracingOptions): Promise<Tracer> {
  const { createOpenTelemetryTracer } = await import("./open-telemetry.js");
  return createOpenTelemetryTracer({ scope: new ReviewScope(), ...options });
}
