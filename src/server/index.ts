export { type AppDeps, createApp, createMetricsApp, type MetricsSource, type ReviewRunner } from "./app.js";
export { type CallerCheck, type ClientAuthoritySource, createCallerCheck } from "./client-certificates.js";
export {
  checkTimeMs,
  createDeadlines,
  type Deadlines,
  deadlineStepMs,
  parseGoDuration,
  type StartTimer,
} from "./deadline.js";
export {
  type CertificateSource,
  type ListenOptions,
  type RunningServer,
  type ServedPair,
  startPlainServer,
  startServer,
} from "./listen.js";
export { Readiness, type ReadinessCheck, type ReadinessFault } from "./readiness.js";
export type { StatusReader, StatusSource } from "./statusz.js";
