import { z } from "zod";
import { PullguardError, Redacted } from "../core/index.js";
import { decodeGoBase64 } from "./go-base64.js";
import { parseGoJson } from "./go-json.js";
import type { PullSecret } from "./types.js";

const metadataSchema = z.looseObject({
  name: z.string(),
  namespace: z.string().nullish(),
  resourceVersion: z.string().nullish(),
});

const secretSchema = z.looseObject({
  apiVersion: z.literal("v1").optional(),
  kind: z.literal("Secret").optional(),
  metadata: metadataSchema,
  type: z.string().nullish(),
  data: z.record(z.string(), z.string().nullable()).nullish(),
  stringData: z.record(z.string(), z.string().nullable()).nullish(),
});

const serviceAccountSchema = z.looseObject({
  apiVersion: z.literal("v1").optional(),
  kind: z.literal("ServiceAccount").optional(),
  metadata: metadataSchema,
  imagePullSecrets: z.array(z.looseObject({ name: z.string().nullish() })).nullish(),
});

/** A ServiceAccount as far as pulls go: its namespace, name and Secret names in order. */
export interface PullServiceAccount {
  readonly namespace: string;
  readonly name: string;
  readonly imagePullSecrets: readonly string[];
}

/**
 * Reads a v1 Secret object, from a manifest or from the API: `data` in base64, `stringData` over it, type `Opaque`
 * where none is written, namespace and resourceVersion "" where the object has none.
 * @throws PullguardError `InputInvalid` naming the field at fault, never its content
 */
export function pullSecretFromObject(object: unknown): PullSecret {
  const secret = parseObject("Secret", secretSchema, object);
  const data = new Map<string, Redacted<string>>();
  for (const [key, value] of Object.entries(secret.data ?? {})) data.set(key, decoded(key, value ?? ""));
  for (const [key, value] of Object.entries(secret.stringData ?? {})) data.set(key, new Redacted(value ?? ""));
  return {
    namespace: secret.metadata.namespace ?? "",
    name: secret.metadata.name,
    // The API server fills an empty type in the same way.
    type: secret.type || "Opaque",
    resourceVersion: secret.metadata.resourceVersion ?? "",
    data,
  };
}

/**
 * Makes the Secret that `kubectl create secret docker-registry NAME --from-file=.dockerconfigjson=FILE` would make of a
 * docker `config.json`. Named parameters, since a swap would put the credentials where names are printed.
 * @throws PullguardError `InputInvalid` if the text is no JSON object; the API server refuses such a Secret too
 */
export function pullSecretFromDockerConfig(from: {
  readonly name: string;
  readonly text: string;
  readonly namespace?: string;
}): PullSecret {
  const json = parseGoJson(from.text);
  if (json.kind === "invalid") {
    throw new PullguardError("InputInvalid", `the docker config is not JSON: ${json.message}`);
  }
  if (json.value.kind !== "object") {
    throw new PullguardError("InputInvalid", `the docker config is a JSON ${json.value.kind}, not an object`);
  }
  return {
    namespace: from.namespace ?? "",
    name: from.name,
    type: "kubernetes.io/dockerconfigjson",
    resourceVersion: "",
    data: new Map([[".dockerconfigjson", new Redacted(from.text)]]),
  };
}

/**
 * Reads a v1 ServiceAccount object; an entry without a name is kept as "".
 * @throws PullguardError `InputInvalid` naming the field at fault
 */
export function serviceAccountFromObject(object: unknown): PullServiceAccount {
  const account = parseObject("ServiceAccount", serviceAccountSchema, object);
  return {
    namespace: account.metadata.namespace ?? "",
    name: account.metadata.name,
    imagePullSecrets: (account.imagePullSecrets ?? []).map((entry) => entry.name ?? ""),
  };
}

function parseObject<T>(kind: string, schema: z.ZodType<T>, object: unknown): T {
  const parsed = schema.safeParse(object);
  if (parsed.success) return parsed.data;
  // Neither zod's text nor its error goes on: both may one day show what they were given.
  const places = parsed.error.issues.map((issue) => issue.path.join(".") || "the object");
  throw new PullguardError(
    "InputInvalid",
    `not a v1 ${kind}: wrong type or value at ${[...new Set(places)].join(", ")}`,
  );
}

function decoded(key: string, value: string): Redacted<string> {
  const result = decodeGoBase64(value, { padding: true });
  if (result.kind === "bytes") return new Redacted(Buffer.from(result.bytes).toString("utf8"));
  throw new PullguardError(
    "InputInvalid",
    `the Secret's data[${JSON.stringify(key)}] is not base64: ${result.message}`,
  );
}
