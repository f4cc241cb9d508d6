import { unreachable } from "../core/index.js";
import { type DockerConfigForm, parseDockerConfig } from "./docker-config.js";
import type { ParsedPullSecret, PullSecret } from "./types.js";

/** The only two kinds of Secret the kubelet takes credentials from, and the key each is read under. */
const forms: ReadonlyMap<string, { readonly form: DockerConfigForm; readonly key: string }> = new Map([
  ["kubernetes.io/dockerconfigjson", { form: "config-json", key: ".dockerconfigjson" }],
  ["kubernetes.io/dockercfg", { form: "legacy", key: ".dockercfg" }],
]);

/**
 * What the kubelet makes of one Secret. It ignores other types, a missing key and an empty value without a word; a
 * malformed one fails every pull of the Pod.
 * Source: kubelet pkg/credentialprovider/secrets/secrets.go `MakeDockerKeyring`, 1.26 and 1.36 alike
 */
export function parsePullSecret(secret: PullSecret): ParsedPullSecret {
  const { name, type } = secret;
  const wanted = forms.get(type);
  if (wanted === undefined) return { reading: { kind: "ignored", name, reason: "wrong-type", type }, entries: [] };
  const text = secret.data.get(wanted.key)?.reveal();
  if (text === undefined) return { reading: { kind: "ignored", name, reason: "missing-key", type }, entries: [] };
  if (text === "") return { reading: { kind: "ignored", name, reason: "empty", type }, entries: [] };
  const config = parseDockerConfig(text, wanted.form);
  switch (config.kind) {
    case "malformed":
      return { reading: { ...config, name }, entries: [] };
    case "entries": {
      const keys = config.entries.map((entry) => entry.key);
      return { reading: { kind: "usable", name, keys, notes: config.notes }, entries: config.entries };
    }
    default:
      return unreachable(config);
  }
}
