export { type CredentialExpiry, credentialExpiry } from "./expiry.js";
export { credentialIdentity } from "./identity.js";
export { type InMemorySecrets, inMemorySecretSource } from "./in-memory-source.js";
export { buildKeyring, type KeyringDeps, type KeyringSource } from "./keyring.js";
export {
  type PullServiceAccount,
  pullSecretFromDockerConfig,
  pullSecretFromObject,
  serviceAccountFromObject,
} from "./manifest.js";
export {
  type NodeCredentialPlaces,
  type NodeKeyring,
  nodeFileKeyring,
  nodeHostsKeyring,
  parseNodeCredentials,
  readNodeCredentialHosts,
} from "./node-credentials.js";
export {
  type CredentialProvider,
  type CredentialProviderReading,
  matchingProviders,
  parseCredentialProviderConfig,
} from "./provider-config.js";
export { parsePullSecret } from "./pull-secret.js";
export {
  type InterpretedSecrets,
  noPullSecrets,
  type PullSecretDeps,
  type PullSecretRequest,
  type PullSecretSelection,
  type ServiceAccountProblem,
  selectPullSecrets,
} from "./selection.js";
export type * from "./types.js";
export { flawOf, readYaml, type YamlFlaw, yamlDocuments } from "./yaml-text.js";
