import type { RegistryHost } from "../node/index.js";

/** What follows from a host's settings, found out once for as long as there is the host: they never change. */
export function rememberedFor<T>(find: (host: RegistryHost) => T): (host: RegistryHost) => T {
  const known = new WeakMap<RegistryHost, { readonly found: T }>();
  return (host) => {
    let entry = known.get(host);
    if (entry === undefined) {
      entry = { found: find(host) };
      known.set(host, entry);
    }
    return entry.found;
  };
}

/** Where a host is, without a path; undefined where the node's configuration makes no URL. Not to be changed. */
export const baseOf: (host: RegistryHost) => Readonly<URL> | undefined = rememberedFor(({ scheme, address }) => {
  const base = `${scheme}://${address}`;
  return URL.canParse(base) ? new URL(base) : undefined;
});
