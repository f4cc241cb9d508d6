import { shownUrl } from "./foreign-text.js";
import type { AuthRefusal } from "./types.js";

/**
 * Whether user and password may be told to the token server `realm` that `registry` named. A containerd node tells any
 * realm. A registry that wants the password can ask for it itself, so its choice of a token server is no risk; but nobody
 * on the way may read along unless the registry itself is spoken to in the clear or it is the registry's own machine.
 */
export function mayTellRealm(realm: URL, registry: URL): boolean {
  return realm.protocol === "https:" || registry.protocol === "http:" || realm.hostname === registry.hostname;
}

/** Whether they may be told to a host that a redirect led to: never to another one. */
export function mayTellTarget(target: URL, registry: URL): boolean {
  return target.hostname === registry.hostname;
}

/** The refusal for a place that may not be told. */
export function realmRefused(url: URL): AuthRefusal {
  const message = `it sends clients with their password to ${shownUrl(url, false)}, where Pullguard does not send one`;
  return { kind: "realm-refused", message };
}
