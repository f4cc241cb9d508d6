import { readFileSync, statSync } from "node:fs";
import { type Clock, PullguardError } from "../core/index.js";
import { type PullSecretEntry, parsePullSecret } from "../credentials/index.js";
import { parsePullSecretFile } from "./given-secrets.js";
import { type InputText, readInputFile } from "./read-input.js";
import type { GivenNodeCredentials } from "./types.js";

export interface NodeCredentialsDeps {
  readonly clock: Clock;
  /** Hears each change of the file: that it is used, or why what was read before stays. */
  readonly onChange: (
    outcome: { readonly kind: "reloaded" } | { readonly kind: "kept"; readonly error: unknown },
  ) => void;
}

/** The API server refuses larger Secrets, and no node has a larger file. */
const maxFileBytes = 1024 * 1024;
/** A changed file counts from this long after. */
const rereadMs = 2_000;

/**
 * Reads a `--node-credentials` file once; a pipe will do.
 * @throws PullguardError `InputInvalid` for a file that cannot be read or holds no credentials as the kubelet reads them
 */
export async function loadNodeCredentials(path: string): Promise<GivenNodeCredentials> {
  const entries = parseNodeCredentialsFile(await readInputFile(path));
  return { path, entries: () => entries };
}

/**
 * Reads a `--node-credentials` file, and again when credentials are wanted and the last look is two seconds old: by its
 * content, since a mounted Secret changes by a symbolic link. A file that has become unusable leaves the last good
 * credentials in place, for without them pulls would be denied that the nodes can do.
 * @throws PullguardError `InputInvalid` as {@link loadNodeCredentials}, for a file that is unusable from the start
 */
export function followNodeCredentials(path: string, deps: NodeCredentialsDeps): GivenNodeCredentials {
  let text = readPlainFile(path);
  let entries = parseNodeCredentialsFile({ name: path, text });
  let lookedMs = deps.clock.nowMs();
  let lastFault = "";
  const look = (): void => {
    try {
      const found = readPlainFile(path);
      if (found !== text) {
        const parsed = parseNodeCredentialsFile({ name: path, text: found });
        [text, entries] = [found, parsed];
        deps.onChange({ kind: "reloaded" });
      }
      lastFault = "";
    } catch (error) {
      const fault = String(error);
      if (fault === lastFault) return;
      lastFault = fault;
      deps.onChange({ kind: "kept", error });
    }
  };
  return {
    path,
    entries: () => {
      const nowMs = deps.clock.nowMs();
      if (nowMs - lookedMs >= rereadMs) {
        lookedMs = nowMs;
        look();
      }
      return entries;
    },
  };
}

/**
 * The entries of a Docker `config.json` or of a Secret that holds one. Stricter than a kubelet: whoever names a file says
 * that the credentials are in it, and one that holds none would have pulls denied that the nodes can do.
 */
function parseNodeCredentialsFile(input: InputText): readonly PullSecretEntry[] {
  const refuse = (reason: string): never => {
    throw new PullguardError("InputInvalid", `${input.name}: ${reason}`);
  };
  const { reading, entries } = parsePullSecret(parsePullSecretFile(input));
  if (reading.kind === "ignored") {
    return refuse("a Secret that a kubelet takes no credentials from (wrong type, or its key is missing or empty)");
  }
  if (reading.kind !== "usable") return refuse("a Docker config that a kubelet cannot read");
  for (const { code } of reading.notes ?? []) {
    if (code === "AuthsMissing") return refuse("a Docker config without auths; where nodes hold none, say none");
    if (code === "CredentialHelpersIgnored") {
      return refuse(
        "its credentials are in a helper (credsStore or credHelpers), which no kubelet asks; write them out",
      );
    }
  }
  return entries;
}

/** A pipe would keep the whole server waiting for a writer. */
function readPlainFile(path: string): string {
  let text: string;
  try {
    const stats = statSync(path);
    if (!stats.isFile()) throw new PullguardError("InputInvalid", `${path}: is no plain file`);
    if (stats.size > maxFileBytes) throw new PullguardError("InputInvalid", `${path}: larger than 1 MiB`);
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof PullguardError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    const reason = code === "ENOENT" ? "no such file" : `cannot be read (${code})`;
    throw new PullguardError("InputInvalid", `${path}: ${reason}`, { cause: error });
  }
  return text;
}
