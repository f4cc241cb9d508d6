import { z } from "zod";
import type { ProxyOverrides } from "../runtime-view.js";
import type { RuntimeVersion } from "../types.js";
import { unknownKeys } from "./daemon-keys.js";

/** Where dockerd reads its configuration unless `--config-file` says otherwise. */
export const daemonFile = "/etc/docker/daemon.json";

/** What daemon.json says that decides a pull; lists as written. */
export interface DaemonConfig {
  readonly insecureRegistries: readonly string[];
  readonly registryMirrors: readonly string[];
  readonly maxConcurrentDownloads?: number;
  /** From dockerd 23 on, values as written. */
  readonly proxies?: ProxyOverrides;
  /** Decides pushes only; kept for whoever asks. */
  readonly allowNondistributableArtifacts: readonly string[];
  /** `features.containerd-snapshotter`: images are kept and pulled by containerd. Absent: not written. */
  readonly containerdImageStore?: boolean;
  /** Options that do nothing in daemon.json, by the key that was surely meant. */
  readonly misspelt: readonly { readonly written: string; readonly meant: string; readonly line?: number }[];
  /** 1-based lines of the keys that were found, by key. */
  readonly lines: Readonly<Record<string, number>>;
}

export type DaemonConfigReading =
  | { readonly kind: "config"; readonly config: DaemonConfig }
  /** dockerd refuses the file and does not start with it. */
  | { readonly kind: "refused"; readonly problem: string; readonly line?: number };

const texts = z.array(z.string()).nullish();
const documentSchema = z.record(z.string(), z.unknown());
const optionsSchema = z.object({
  "insecure-registries": texts,
  "registry-mirrors": texts,
  "allow-nondistributable-artifacts": texts,
  "max-concurrent-downloads": z.int().nullish(),
  features: z.record(z.string(), z.boolean().nullable()).nullish(),
  proxies: z
    .object({
      "http-proxy": z.string().nullish(),
      "https-proxy": z.string().nullish(),
      "no-proxy": z.string().nullish(),
    })
    .nullish(),
});

/** An absent file, or one that says nothing. */
export const defaultDaemonConfig: DaemonConfig = {
  insecureRegistries: [],
  registryMirrors: [],
  allowNondistributableArtifacts: [],
  misspelt: [],
  lines: {},
};

/**
 * Reads daemon.json as dockerd does at its start.
 * Source: `getConflictFreeConfiguration`, `Validate`, moby daemon/config/config.go 20.10 to 28.
 */
export function parseDaemonConfig(text: string, version: Pick<RuntimeVersion, "major" | "minor">): DaemonConfigReading {
  // From 23 on a byte order mark is passed over and an empty file is an empty configuration.
  const source = version.major >= 23 ? text.replace(/^\uFEFF/, "") : text;
  if (version.major >= 23 && source.trim() === "") return { kind: "config", config: defaultDaemonConfig };
  const json = parseJson(source);
  if (json === undefined) return refused("it is no valid JSON", brokenLine(source));
  const document = documentSchema.safeParse(json.value ?? {});
  if (!document.success) return refused("it is no JSON object");
  const [unknown] = unknownKeys(document.data, version);
  if (unknown !== undefined) {
    const problem = `dockerd ${version.major}.${version.minor} knows no option ${JSON.stringify(unknown.slice(0, 60))} and does not start with it`;
    return refused(problem, lineOf(source, unknown));
  }
  const options = optionsSchema.safeParse(document.data);
  if (!options.success) {
    const [key] = options.error.issues[0]?.path ?? [];
    return refused(`the value of ${String(key)} has the wrong type`, lineOf(source, String(key)));
  }
  const downloads = options.data["max-concurrent-downloads"];
  if (typeof downloads === "number" && downloads < 0) {
    return refused(`invalid max concurrent downloads: ${downloads}`, lineOf(source, "max-concurrent-downloads"));
  }
  return { kind: "config", config: { ...configOf(options.data, source), misspelt: misspeltIn(document.data, source) } };
}

/** The names of the command line's options, which dockerd knows but does not read from the file. */
const commandLineNames: Readonly<Record<string, string>> = {
  "insecure-registry": "insecure-registries",
  "registry-mirror": "registry-mirrors",
};

function misspeltIn(document: Readonly<Record<string, unknown>>, source: string): DaemonConfig["misspelt"] {
  return Object.entries(commandLineNames)
    .filter(([written]) => Object.hasOwn(document, written))
    .map(([written, meant]) => {
      const line = lineOf(source, written);
      return { written, meant, ...(line !== undefined && { line }) };
    });
}

function configOf(options: z.output<typeof optionsSchema>, source: string): Omit<DaemonConfig, "misspelt"> {
  const downloads = options["max-concurrent-downloads"];
  const snapshotter = options.features?.["containerd-snapshotter"];
  const lines: Record<string, number> = {};
  for (const key of ["insecure-registries", "registry-mirrors", "features", "proxies"]) {
    const line = lineOf(source, key);
    if (line !== undefined) lines[key] = line;
  }
  return {
    insecureRegistries: options["insecure-registries"] ?? [],
    registryMirrors: options["registry-mirrors"] ?? [],
    allowNondistributableArtifacts: options["allow-nondistributable-artifacts"] ?? [],
    ...(typeof downloads === "number" && { maxConcurrentDownloads: downloads }),
    ...(typeof snapshotter === "boolean" && { containerdImageStore: snapshotter }),
    ...(options.proxies && { proxies: proxiesOf(options.proxies, lines.proxies) }),
    lines,
  };
}

function proxiesOf(
  written: NonNullable<z.output<typeof optionsSchema>["proxies"]>,
  line: number | undefined,
): ProxyOverrides {
  const { "http-proxy": http, "https-proxy": https, "no-proxy": no } = written;
  return {
    ...(http && { httpProxy: http }),
    ...(https && { httpsProxy: https }),
    ...(no && { noProxy: no }),
    origin: { file: daemonFile, ...(line !== undefined && { line }) },
  };
}

/** Undefined for what is no JSON. The engine's own words would quote the file. */
function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

/** The line of the shortest beginning that cannot be continued to valid JSON is costly to find; the usual slips are not. */
function brokenLine(text: string): number | undefined {
  const slip = /,\s*[\]}]|[}\]"][^\S\n]*\n\s*"|\/\/|'/.exec(text);
  return slip === null ? undefined : text.slice(0, slip.index).split("\n").length;
}

function lineOf(text: string, key: string): number | undefined {
  const at = text.indexOf(JSON.stringify(key));
  return at < 0 ? undefined : text.slice(0, at).split("\n").length;
}

function refused(problem: string, line?: number): DaemonConfigReading {
  return { kind: "refused", problem, ...(line !== undefined && { line }) };
}
