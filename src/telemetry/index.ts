export { createLogger, type Log, type LoggerOptions, type LogLevel } from "./logger.js";
export { createMetrics, type Metrics, type MetricsOptions } from "./metrics.js";
export {
  type AdmissionTelemetry,
  createAdmissionTelemetry,
  type ObservedAdmission,
} from "./observer.js";
