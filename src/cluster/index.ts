export { type ClusterAccess, type ClusterTarget, loadCluster } from "./kubeconfig.js";
export { type ClusterSecretDeps, clusterSecretSource } from "./secret-source.js";
export {
  type AccountWatchEvent,
  type WatchedAccounts,
  type WatchedAccountsDeps,
  watchServiceAccounts,
} from "./watched-accounts.js";
