import { randomBytes } from "node:crypto";
import { PullguardError, unreachable } from "../core/index.js";
import {
  buildKeyring,
  type KeyringSource,
  type ParsedPullSecret,
  parsePullSecret,
  type SecretLookup,
} from "../credentials/index.js";
import { type ImageReference, parseReference, repositoryName } from "../reference/index.js";
import { type ClusterFlags, openChosen, usualNamespace } from "./chosen-cluster.js";
import { parseManifest } from "./documents.js";
import { renderSecretJson } from "./explain-secret-json.js";
import { renderSecretText } from "./explain-secret-text.js";
import type { ImageExplanation, SecretExplanation } from "./explain-secret-types.js";
import { collectGivenSecrets, layeredSecretSource, parsePullSecretFile } from "./given-secrets.js";
import { readInputFile, readInputs } from "./read-input.js";
import type { CliIo } from "./types.js";

/** The flags of `pullguard explain secret`, as commander names them. */
export interface ExplainSecretFlags extends ClusterFlags {
  readonly filename?: readonly string[];
  readonly pullSecret?: string;
  readonly output: "text" | "json";
}

const clusterTimeoutMs = 10_000;

/**
 * Prints what the kubelet makes of a Secret and, for an image, which of its entries it would try.
 * @param args `NAME [IMAGE]`; beside `--pull-secret` also `IMAGE` alone, or nothing
 * @returns 0 if an entry applies to the image, or if the Secret is usable and no image was given; otherwise 1
 * @throws PullguardError for input that cannot be used
 */
export async function runExplainSecret(args: readonly string[], flags: ExplainSecretFlags, io: CliIo): Promise<number> {
  const { name, image } = subjectOf(args, flags);
  const reference = image === undefined ? undefined : referenceOf(image);
  const { lookup, namespace } = await find(name, flags, io);
  const explanation = {
    ...(flags.pullSecret === undefined ? {} : { file: flags.pullSecret === "-" ? "<stdin>" : flags.pullSecret }),
    ...explain(lookup, { namespace, name }, reference),
  };
  const width = Math.min(120, Math.max(80, io.columns ?? 100));
  io.stdout.write(flags.output === "json" ? renderSecretJson(explanation) : renderSecretText(explanation, width));
  if (explanation.image !== undefined) return explanation.image.tried.length > 0 ? 0 : 1;
  return explanation.reading.kind === "usable" ? 0 : 1;
}

function subjectOf([first, second]: readonly string[], flags: ExplainSecretFlags) {
  // A file needs no name, so a lone argument can only be the image.
  if (flags.pullSecret !== undefined && second === undefined) return { name: "", image: first };
  if (first === undefined || first === "") {
    throw new PullguardError("InputInvalid", "name a Secret, or give a file with --pull-secret FILE");
  }
  return { name: first, image: second };
}

function referenceOf(image: string): ImageReference {
  const current = parseReference(image, "current");
  if (current.kind === "reference") return current.reference;
  const legacy = parseReference(image, "legacy");
  if (legacy.kind === "reference") return legacy.reference;
  throw new PullguardError(
    "InputInvalid",
    `${JSON.stringify(image.slice(0, 200))} is no image name (${current.fault.code})`,
  );
}

/** Looks in the file of `--pull-secret`, or else in the files of `-f` and then in the cluster. */
async function find(
  name: string,
  flags: ExplainSecretFlags,
  io: CliIo,
): Promise<{ readonly lookup: SecretLookup; readonly namespace: string }> {
  const { filename = [], pullSecret } = flags;
  if ([...filename, pullSecret].filter((path) => path === "-").length > 1) {
    throw new PullguardError("InputInvalid", "standard input (-) can be read only once");
  }
  if (pullSecret !== undefined) {
    const [input = await readInputFile(pullSecret)] = pullSecret === "-" ? await readInputs("-", io.stdin) : [];
    const namespace = flags.namespace ?? usualNamespace;
    return { lookup: { kind: "found", secret: { ...parsePullSecretFile(input), namespace, name } }, namespace };
  }
  const objects = [];
  for (const path of filename) {
    for (const input of await readInputs(path, io.stdin)) objects.push(...parseManifest(input));
  }
  const { cluster, namespace } = await openChosen(flags, io);
  const beyond = flags.cluster ? (cluster?.secrets ?? "unknown") : "nothing";
  const source = layeredSecretSource(collectGivenSecrets(objects, [], namespace), beyond);
  return { lookup: await source.secret(namespace, name, AbortSignal.timeout(clusterTimeoutMs)), namespace };
}

function explain(
  lookup: SecretLookup,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  reference: ImageReference | undefined,
): SecretExplanation {
  const { reading, entries } = read(lookup, name);
  const source: KeyringSource = { entries, origin: { kind: "secret", namespace, name }, version: "" };
  return {
    namespace,
    name,
    ...(lookup.kind === "found" ? { type: lookup.secret.type } : {}),
    reading,
    entries: entries.map(({ key, username, password }) => ({ key, username, hasPassword: password.reveal() !== "" })),
    ...(reference === undefined ? {} : { image: explainImage(source, reference) }),
  };
}

function read(lookup: SecretLookup, name: string): ParsedPullSecret {
  switch (lookup.kind) {
    case "found":
      return parsePullSecret(lookup.secret);
    case "not-found":
      return { reading: { kind: "not-found", name }, entries: [] };
    case "unreadable":
      return { reading: { kind: "unreadable", name, reason: lookup.reason }, entries: [] };
    default:
      return unreachable(lookup);
  }
}

function explainImage(source: KeyringSource, reference: ImageReference): ImageExplanation {
  const keyring = buildKeyring([source], { identityKey: randomBytes(32) });
  const repository = repositoryName(reference);
  return {
    reference,
    tried: keyring.lookup(repository).map(({ username, password, origin }) => ({
      key: origin.key,
      username,
      hasPassword: password.reveal() !== "",
    })),
    misses: keyring.nearMisses(repository),
    versionDependent: keyring.versionDependent(repository).map(({ key }) => key),
  };
}
