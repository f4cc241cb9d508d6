import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** A manifest to get with docker-registry-client; `name` is `host:port/repository`. */
export interface SecondQuestion {
  readonly name: string;
  readonly tag: string;
  readonly user?: { readonly username: string; readonly password: string };
}

/** What docker-registry-client made of it; `failed` for whatever is neither a manifest nor a registry's no. */
export type SecondOpinion =
  | { readonly kind: "found"; readonly digest: string }
  | { readonly kind: "unauthorized" | "not-found" }
  | { readonly kind: "failed"; readonly message: string };

const program = fileURLToPath(new URL("second-opinion-program.js", import.meta.url));

/**
 * Asks docker-registry-client, which was written by others, one opinion a question.
 * @param caFile PEM; in a process of its own because Node reads further authorities only as it starts
 */
export async function secondOpinions(
  questions: readonly SecondQuestion[],
  caFile: string,
): Promise<readonly SecondOpinion[]> {
  const env = { PATH: process.env.PATH, NODE_EXTRA_CA_CERTS: caFile };
  const argv = [program, JSON.stringify(questions)];
  const { stdout } = await promisify(execFile)(process.execPath, argv, { env, timeout: 12_000 });
  return JSON.parse(stdout) as readonly SecondOpinion[];
}
