export { apiServiceAddress, likelyServiceRange } from "./pod-network.js";
export {
  currentEnvironment,
  type LoadInput,
  type LogLevel,
  loadServeConfig,
  type ServeConfig,
} from "./serve-config.js";
