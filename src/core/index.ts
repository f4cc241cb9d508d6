export {
  type CacheRegister,
  type CacheSize,
  type CacheSizes,
  createCacheSizes,
  type Measured,
  namedCaches,
} from "./cache-sizes.js";
export { type Clock, steadyClock } from "./clock.js";
export { deadlineOf, noteDeadline } from "./deadline.js";
export { type ErrorCode, PullguardError } from "./error.js";
export { entriesOf, memberOf, textOf, timeOf } from "./raw-value.js";
export { Redacted } from "./redacted.js";
export { roughBytes } from "./rough-bytes.js";
export { unreachable } from "./unreachable.js";
