import { Redacted } from "../../src/core/index.js";
import {
  buildKeyring,
  type Keyring,
  type KeyringSource,
  type PullSecret,
  parsePullSecret,
} from "../../src/credentials/index.js";

/** What no output of this project may ever show. */
export const password = "Tr0ub4dor-and-3";

export const deps = { identityKey: Buffer.alloc(32, 7) };

/** A Secret as the cluster would hand it over. */
export function secretOf(
  given: Partial<Omit<PullSecret, "data">> & { readonly data: Record<string, string> },
): PullSecret {
  const { data, ...rest } = given;
  const values = Object.entries(data).map(([key, value]) => [key, new Redacted(value)] as const);
  return { namespace: "shop", name: "regcred", type: "Opaque", resourceVersion: "1", ...rest, data: new Map(values) };
}

/** A `kubernetes.io/dockerconfigjson` Secret around a text. */
export function dockerConfigSecret(text: string, name = "regcred"): PullSecret {
  return secretOf({ name, type: "kubernetes.io/dockerconfigjson", data: { ".dockerconfigjson": text } });
}

/** A Secret whose entries have the user names given for their keys, in that order. */
export function secretWithUsers(users: Readonly<Record<string, string>>, name = "regcred"): PullSecret {
  const auths = Object.entries(users).map(([key, username]) => `${JSON.stringify(key)}:${entryOf(username)}`);
  return dockerConfigSecret(`{"auths":{${auths.join(",")}}}`, name);
}

export function entryOf(username: string): string {
  return JSON.stringify({ username, password });
}

/** The keyring over Secrets in their order, all of which must be usable. */
export function keyringOf(...secrets: readonly PullSecret[]): Keyring {
  const sources = secrets.map((secret): KeyringSource => {
    const origin = { kind: "secret", namespace: secret.namespace, name: secret.name } as const;
    return { entries: parsePullSecret(secret).entries, origin, version: secret.resourceVersion };
  });
  return buildKeyring(sources, deps);
}

export function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
