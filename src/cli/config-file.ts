import { readFileSync } from "node:fs";
import { PullguardError } from "../core/index.js";
import { parseValues } from "./documents.js";

/**
 * What a configuration file holds; undefined for what it does not. Nothing is looked into but whether it is a resource.
 * `policy` is null for a file with nothing at all in it, which may be one that is just being written.
 */
export interface ConfigFile {
  /** Settings of the server, as flags are. */
  readonly settings: unknown;
  /** A PullguardConfig. */
  readonly policy: unknown;
}

/**
 * Reads a configuration file: settings, a PullguardConfig, or one document of each.
 * @throws PullguardError `InputInvalid`
 */
export function readConfigFile(path: string): ConfigFile {
  const values = parseValues({ name: path, text: readText(path) })
    .map(({ value }) => value)
    // A document of nothing but comments.
    .filter((value) => value !== null && value !== undefined);
  const policies = values.filter(isPolicy);
  const settings = values.filter((value) => !isPolicy(value));
  if (policies.length > 1) throw new PullguardError("InputInvalid", `${path}: holds more than one PullguardConfig`);
  if (settings.length > 1)
    throw new PullguardError("InputInvalid", `${path}: holds more than one document of settings`);
  const [first] = settings;
  if (first !== undefined && (typeof first !== "object" || Array.isArray(first))) {
    throw new PullguardError("InputInvalid", `${path}: must hold settings, a PullguardConfig, or one document of each`);
  }
  return { settings: first, policy: values.length === 0 ? null : policies[0] };
}

/** Whatever says of itself that it is a resource, so that a misspelt kind is told of and not taken for settings. */
function isPolicy(value: unknown): boolean {
  return typeof value === "object" && value !== null && "apiVersion" in value;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new PullguardError("InputInvalid", code === "ENOENT" ? "no such file" : `cannot be read (${code})`, {
      cause: error,
    });
  }
}
