export { loadNodeTruth, type NodeTruthCase } from "./cases.js";
export {
  buildContent,
  type Content,
  contentOf,
  danglingLayerDigest,
  danglingManifestDigest,
  digestOf,
  mediaTypes,
  type StoredManifest,
  type StoredRepository,
} from "./images.js";
export { certsRoot, type Lab, type LabSpec, startLab } from "./lab.js";
export type { SeenRequest } from "./registry.js";
export {
  type Auth,
  addressOf as addressOfSpec,
  type Behaviour,
  labUser,
  type RegistrySpec,
  type Transport,
} from "./spec.js";
export { knowsAuthority, mirroredBy, secure, standardLab } from "./standard.js";
export { type TarEntry, tarOf } from "./tar.js";
