export { type CredentialProof, credentialProof } from "./credential-proof.js";
export { type AskedImage, createPresenceIndex, type Presence, type PresenceIndex } from "./presence.js";
