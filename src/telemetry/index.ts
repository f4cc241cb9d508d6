export { type ImageVerdict, imageVerdict } from "./image-verdicts.js";
export { createLogger, type Log, type LoggerOptions, type LogLevel } from "./logger.js";
export { type MetricDefinition, metricDefinitions } from "./metric-definitions.js";
export { createMetrics, type Metrics, type MetricsOptions } from "./metrics.js";
export { metricsPage } from "./metrics-page.js";
export type { MetricsView, RegistryGauges, UnpullableImage } from "./metrics-view.js";
export {
  type AdmissionTelemetry,
  createAdmissionTelemetry,
  type ObservedAdmission,
} from "./observer.js";
export { type ReviewTelling, type RunningReview, type RunReview, reviewRunner } from "./review-runner.js";
export { type CurrentReview, ReviewScope } from "./review-scope.js";
export { type TracedPorts, tracedPorts } from "./traced-ports.js";
export type {
  OpenSpan,
  SpanAttributes,
  SpanOrder,
  TraceHeaders,
  Tracer,
  TracingOptions,
} from "./tracer.js";
export { openTracing } from "./tracing.js";
