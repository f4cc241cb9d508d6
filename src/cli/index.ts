export { auditDocument } from "./audit-json.js";
export type { NodeCredentialsDeps } from "./node-credentials.js";
export { nodeFilesBelow, signaturesBelow } from "./node-root.js";
export { openNodeCredentials } from "./open-node-credentials.js";
export { runCli } from "./run.js";
export type {
  AuditedCluster,
  CertsFlags,
  CheckSetup,
  ChosenCluster,
  CliDeps,
  CliIo,
  Environment,
  GivenNodeCredentials,
  ListedNodes,
  MadeCertificates,
  NodeAgentFlags,
  NodeView,
  OpenCheck,
  OpenCluster,
  ServeFlags,
  TextSink,
  VerificationSetup,
} from "./types.js";
