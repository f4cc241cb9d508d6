export {
  type DialSettings,
  type Exemption,
  emptyConfig,
  type Match,
  type MirrorSetting,
  type MutationSettings,
  type Policy,
  type PullguardConfig,
  type PullPolicySettings,
  type PullSecretSetting,
  type Rule,
} from "./config.js";
export type { ConfigFault } from "./config-schema.js";
export { decide, decideByPolicy, isOff } from "./decide.js";
export { addressRules } from "./dial-rules.js";
export { type FindingEvent, findingEvents } from "./finding-events.js";
export { type ImagePattern, parseImagePattern, patternMatches } from "./image-pattern.js";
export { type ConfigOrigin, type ConfigOutcome, PolicyInForce } from "./in-force.js";
export { type MutationName, type MutationOrder, mutationOrder } from "./mutation-order.js";
export { modeLabel } from "./namespace-mode.js";
export { configName, faultLines, type ParsedConfig, parseConfig } from "./parse-config.js";
export { type LabelSelector, type Requirement, selects } from "./selector.js";
export { parseSkip, type Skip, skipAnnotation } from "./skip-annotation.js";
export { type ConfigStatus, configStatus } from "./status.js";
export type * from "./types.js";
export { noteLines } from "./warnings.js";
