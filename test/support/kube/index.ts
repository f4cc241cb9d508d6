export { type AuditedRequest, type Kube, startKube } from "./api-server.js";
export { findKubeAssets, type KubeAssets } from "./assets.js";
export {
  collectionPath,
  createKubeClient,
  type KubeAccess,
  type KubeAnswer,
  type KubeClient,
  type KubeObject,
  objectPath,
} from "./client.js";
export { type Daemon, eventually, freePorts, startDaemon } from "./daemon.js";
export { anyShape, definitionOf } from "./definition.js";
