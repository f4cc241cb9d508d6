export { type AuditMembers, type AuditMembersDeps, joinAudit, type MemberTimes } from "./audit-members.js";
export { type AuditReports, type AuditReportsDeps, clusterAuditReports } from "./audit-reports.js";
export { type AuditStoreDeps, clusterAuditStore, type WatchedAuditStore } from "./audit-store.js";
export { type AuditWatch, type AuditWatchDeps, watchAudited } from "./audit-watch.js";
export { type AuditedObjects, auditedResource, listAudited } from "./audited-objects.js";
export {
  type FollowedSecret,
  followSecret,
  type SecretFollower,
  type SecretFollowerDeps,
} from "./certificate-secret.js";
export { readServiceRanges } from "./cluster-ip-ranges.js";
export { type ConfigWatch, type ConfigWatchDeps, type ConfigWatchEvent, watchConfig } from "./config-watch.js";
export { createEventRecorder, type EventRecorder, type EventRecorderDeps } from "./events.js";
export { type ClusterAccess, type ClusterTarget, loadCluster } from "./kubeconfig.js";
export {
  type ElectionDeps,
  type ElectionEvent,
  type ElectionTimes,
  electLeader,
  type LeaderElection,
} from "./leader-election.js";
export { clusterLeaseStore, type LeaseRecord, type LeaseStore, type StoredLease } from "./lease-store.js";
export { type ListedNodesDeps, listNodes } from "./listed-nodes.js";
export { clusterNamespaces, type NamespacesDeps, namespaceExists } from "./namespaces.js";
export type { WatchEvent } from "./object-watch.js";
export { clusterPublisher, type PublisherDeps } from "./profile-publisher.js";
export { clusterPullSecrets } from "./pull-secret-list.js";
export { type ClusterSecretDeps, clusterSecretSource } from "./secret-source.js";
export {
  type WatchedAccounts,
  type WatchedAccountsDeps,
  watchServiceAccounts,
} from "./watched-accounts.js";
export { type NodesEvent, type WatchedNodes, type WatchedNodesDeps, watchNodes } from "./watched-nodes.js";
export { type PullsEvent, type WatchedPulls, type WatchedPullsDeps, watchPulls } from "./watched-pulls.js";
export {
  type BundleFollower,
  type BundleFollowerDeps,
  type ConfigurationKind,
  followWebhookBundles,
  type WebhookBundles,
} from "./webhook-bundles.js";
