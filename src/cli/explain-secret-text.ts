import { unreachable } from "../core/index.js";
import type { NearMissReason, SecretNote, SecretNoteCode, SecretReading } from "../credentials/index.js";
import { repositoryName } from "../reference/index.js";
import type { ImageExplanation, SecretExplanation, ShownEntry } from "./explain-secret-types.js";
import { printable, wrap } from "./wrap.js";

/**
 * The explanation for people, ending in a newline. Of a password it shows only whether there is one.
 * @param width in characters; lines are broken between words to fit
 */
export function renderSecretText(explanation: SecretExplanation, width: number): string {
  const { reading, entries, image, type } = explanation;
  const kind = type === undefined ? "" : ` (${type})`;
  const isUsable = reading.kind === "usable";
  const lines = [wrap(printable(`${labelOf(explanation)}${kind}: ${verdictOf(reading)}`), width, "")];
  if (image === undefined) lines.push(...entryLines(entries));
  if (isUsable) {
    lines.push(...(reading.notes ?? []).map((note) => wrap(printable(noteText(note)), width, "  Note: ")));
  }
  if (image !== undefined && isUsable) lines.push("", ...imageLines(image, width));
  const isSettled = isUsable && (image === undefined || image.tried.length > 0);
  if (!isSettled && reading.kind !== "unreadable") {
    lines.push("", wrap(printable(fixOf(explanation)), width, "Fix: "));
  }
  return `${lines.join("\n")}\n`;
}

function labelOf({ file, namespace, name }: SecretExplanation): string {
  if (file === undefined) return `Secret ${namespace}/${name}`;
  return name === "" ? file : `${file} as Secret ${namespace}/${name}`;
}

function verdictOf(reading: SecretReading): string {
  switch (reading.kind) {
    case "usable": {
      const count = reading.keys.length;
      return `the kubelet uses it; it holds ${count === 1 ? "1 entry" : `${count} entries`}`;
    }
    case "ignored":
      return `the kubelet ignores it without a word: ${ignoredBecause(reading)}`;
    case "malformed": {
      const entry = reading.key === undefined ? "" : ` (entry ${reading.key})`;
      return `malformed${entry}; with it in imagePullSecrets every pull of a Pod fails, even of images that need no credentials. The kubelet says: ${reading.message}`;
    }
    case "not-found":
      return "it does not exist; the kubelet pulls without it, and looks for it again at every try";
    case "unreadable":
      return `it cannot be read: ${reading.reason}`;
    default:
      return unreachable(reading);
  }
}

function ignoredBecause({ reason, type }: Extract<SecretReading, { kind: "ignored" }>): string {
  switch (reason) {
    case "wrong-type":
      return `of all types it takes only ${dockerConfigJson} and kubernetes.io/dockercfg`;
    case "missing-key":
      return `a Secret of this type needs the key ${dataKeyOf(type)}`;
    case "empty":
      return `its ${dataKeyOf(type)} is empty`;
    default:
      return unreachable(reason);
  }
}

const dockerConfigJson = "kubernetes.io/dockerconfigjson";

function dataKeyOf(type: string): string {
  return type === dockerConfigJson ? ".dockerconfigjson" : ".dockercfg";
}

function imageLines(image: ImageExplanation, width: number): readonly string[] {
  const repository = printable(repositoryName(image.reference));
  const lines =
    image.tried.length === 0
      ? [wrap(`For ${repository} no entry applies: this Secret adds nothing to the pull.`, width, "")]
      : [
          wrap(`For ${repository} the kubelet tries, in this order:`, width, ""),
          ...entryLines(image.tried),
          wrap(
            "Entries of other Secrets and of the node may be tried too; a pull without credentials is not.",
            width,
            "  ",
          ),
        ];
  if (image.misses.length > 0) {
    lines.push("", "Entries that do not apply:");
    lines.push(...image.misses.map(({ reason, origin }) => missLine(origin.key, reason, image, width)));
  }
  return lines;
}

function entryLines(entries: readonly ShownEntry[]): readonly string[] {
  const keys = entries.map(({ key }) => printable(key));
  const keyWidth = Math.min(60, Math.max(0, ...keys.map((key) => key.length)));
  return entries.map(({ username, hasPassword }, index) => {
    const number = String(index + 1).padStart(String(entries.length).length);
    const user = username === "" ? "no user" : `user ${printable(username)}`;
    // As many stars for every password: its length is a hint too.
    return `  ${number}. ${keys[index]?.padEnd(keyWidth)}  ${user}, ${hasPassword ? "password ********" : "no password"}`;
  });
}

const missTexts: Readonly<Record<NearMissReason, string>> = {
  "port-differs": "another port; no port and 443 are different ports to the kubelet",
  "case-differs": "upper and lower case differ",
  "path-not-prefix": "its path is no beginning of the repository's",
  "wildcard-depth": "each * stands for exactly one part of a host name",
  "alias-shadowed": "it stands for docker.io only while no other key applies",
  "docker-hub-spelling": "the kubelet does not take this address for docker.io",
  "key-unusable": "the kubelet cannot read this spelling",
  "other-host": "another registry",
};

function missLine(key: string, reason: NearMissReason, image: ImageExplanation, width: number): string {
  const wanted = reason === "port-differs" || reason === "case-differs" ? ` (wanted: ${image.reference.domain})` : "";
  return wrap(printable(`${key}: ${missTexts[reason]}${wanted}`), width, "  - ");
}

const noteTexts: Readonly<Record<SecretNoteCode, (key: string) => string>> = {
  CredentialHelpersIgnored: () => "credHelpers and credsStore count for nothing: the kubelet runs no Docker helper.",
  TokenIgnored: (key) =>
    `identitytoken and registrytoken of ${key} count for nothing: the kubelet reads user and password only.`,
  AuthOverridesUser: (key) => `auth of ${key} says something else than username or password, and wins.`,
  AnonymousEntry: (key) => `${key} has no user name: where it applies, the pull is anonymous.`,
  KeyUnusable: (key) => `the kubelet skips ${key}, which it cannot read as an address.`,
  KeyDependsOnVersion: (key) =>
    `whether ${key} applies depends on the kubelet: those built with Go from late 2025 on skip it, older ones use it.`,
  AuthNotUtf8: (key) => `auth of ${key} is no UTF-8 when decoded: registries may each read it in their own way.`,
  AuthsMissing: () => 'there is no "auths" in it, so it holds no credential.',
  NestedAuths: () =>
    `a whole config.json in a .dockercfg: the kubelet takes "auths" for a registry. Use type ${dockerConfigJson}.`,
};

function noteText({ code, key }: SecretNote): string {
  return noteTexts[code](key ?? "an entry");
}

function fixOf({ file, namespace, name, reading, image }: SecretExplanation): string {
  const registry = image?.reference.domain ?? "<registry>";
  if (file !== undefined) return `docker login ${registry}, with ${file} as its config.json`;
  const create = `kubectl create secret docker-registry ${name} -n ${namespace} --docker-server=${registry} --docker-username=<user> --docker-password=<password>`;
  switch (reading.kind) {
    case "not-found":
      return create;
    case "usable":
      return `add an entry for ${registry}, or make a Secret for it and name both in imagePullSecrets: ${create.replace(` ${name} `, " <name> ")}`;
    default:
      return `kubectl delete secret ${name} -n ${namespace} && ${create}`;
  }
}
