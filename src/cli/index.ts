export { followNodeCredentials, type NodeCredentialsDeps } from "./node-credentials.js";
export { nodeFilesBelow } from "./node-root.js";
export { runCli } from "./run.js";
export type {
  CertsFlags,
  CheckSetup,
  CliDeps,
  CliIo,
  Environment,
  GivenNodeCredentials,
  MadeCertificates,
  NodeView,
  OpenCheck,
  OpenCluster,
  ServeFlags,
  TextSink,
  VerificationSetup,
} from "./types.js";
