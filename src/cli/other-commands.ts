import { PullguardError } from "../core/index.js";
import { readConfigFile } from "./config-file.js";
import type { CliIo } from "./types.js";

/** The flags of `pullguard serve`, as commander names them. */
export interface ServeCommandFlags extends Readonly<Record<string, unknown>> {
  readonly cluster: boolean;
}

/** The flags of `pullguard certs`, as commander names them. */
export interface CertsCommandFlags {
  readonly dir: string;
  readonly service?: string;
  readonly namespace?: string;
  readonly name?: readonly string[];
  readonly days: number;
  readonly force: boolean;
}

/** Prints what one cause code means, or every code there is. @throws PullguardError `InputInvalid` for an unknown code */
export async function runExplain(code: string | undefined, io: CliIo): Promise<number> {
  const codes = await io.deps.causeCodes();
  if (code === undefined) {
    io.stdout.write(`${codes.join("\n")}\n`);
    return 0;
  }
  const known = codes.find((candidate) => candidate.toLowerCase() === code.toLowerCase());
  const text = await io.deps.explainCause(known ?? code);
  if (text === undefined) {
    const shown = JSON.stringify(code);
    throw new PullguardError(
      "InputInvalid",
      `there is no cause ${shown}; pullguard explain without a code lists them all`,
    );
  }
  io.stdout.write(`${text.trimEnd()}\n`);
  return 0;
}

/**
 * Makes the serving certificate; the caBundle alone goes to stdout, so that scripts can take it.
 * @throws PullguardError `InputInvalid` for flags that name nothing to serve
 */
export async function runCerts(flags: CertsCommandFlags, io: CliIo): Promise<number> {
  if (flags.service !== undefined && flags.namespace === undefined) {
    throw new PullguardError("InputInvalid", "--service needs --namespace");
  }
  if (flags.service === undefined && flags.namespace !== undefined) {
    throw new PullguardError("InputInvalid", "--namespace needs --service");
  }
  const names = [...serviceNames(flags.service, flags.namespace), ...(flags.name ?? [])];
  if (names.length === 0) {
    throw new PullguardError("InputInvalid", "name what to serve: --service NAME --namespace NAMESPACE, or --name DNS");
  }
  const made = await io.deps.makeCertificates({ dir: flags.dir, names, days: flags.days, force: flags.force });
  for (const file of made.files) io.stderr.write(`wrote ${file}\n`);
  io.stderr.write("caBundle for the webhook configuration:\n");
  io.stdout.write(`${made.caBundle}\n`);
  return 0;
}

/** The names under which a Service is called; the API server uses the one that ends in `.svc`. */
function serviceNames(service: string | undefined, namespace: string | undefined): readonly string[] {
  if (service === undefined || namespace === undefined) return [];
  const inCluster = `${service}.${namespace}.svc`;
  return [inCluster, `${inCluster}.cluster.local`, `${service}.${namespace}`, service];
}

/** Runs the webhook with the flags given; settings that were not given stay open for environment and file. */
export function runServe(flags: ServeCommandFlags, io: CliIo): Promise<number> {
  const { cluster, layers, ...others } = flags;
  const turnedOff = { ...(cluster ? {} : { noCluster: true }), ...(layers === false ? { noLayers: true } : {}) };
  return io.deps.serve({ flags: { ...others, ...turnedOff }, ...configReaders });
}

const configReaders = {
  readFile: (path: string) => readConfigFile(path).settings,
  readPolicy: (path: string) => readConfigFile(path).policy,
};
