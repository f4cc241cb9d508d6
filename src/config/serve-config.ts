import type { z } from "zod";
import { PullguardError } from "../core/index.js";
import type { Mode } from "../policy/index.js";
import { type FieldName, fieldNames, fields, fileSchema, flag, type Settings } from "./serve-fields.js";

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";

/** How the webhook runs. Paths are as given; absent fields were not said anywhere. */
export interface ServeConfig {
  readonly port: number;
  readonly metricsPort: number;
  /** `files`: the pair in `certDir`; `self-managed`: a pair that Pullguard makes and keeps in a Secret. */
  readonly certificates: "files" | "self-managed";
  /** Folder with `tls.crt` and `tls.key`. */
  readonly certDir: string;
  /** Secret that self-managed certificates are kept in. */
  readonly certificateSecret: string;
  /** Service by which the API server calls Pullguard; self-managed certificates are for its names. */
  readonly serviceName: string;
  /** Name of the validating and the mutating webhook configuration that self-managed CAs are written into. */
  readonly webhookConfiguration: string;
  /** Where Pullguard runs; absent: the Pod tells. */
  readonly namespace?: string;
  /** File with the CAs of clients that may ask for reviews; absent: everybody may. */
  readonly clientCa?: string;
  /** Common or alternative names of those clients; absent: any that a CA vouches for. */
  readonly clientName?: readonly string[];
  /** How long a stop may take in all, in seconds. */
  readonly shutdownGrace: number;
  /** Absent and `noCluster` false: the Pod's own ServiceAccount. */
  readonly kubeconfig?: string;
  /** Reads no Secrets, ServiceAccounts and Nodes. */
  readonly noCluster: boolean;
  /** Folder that holds a copy of a node's files. */
  readonly nodeRoot?: string;
  /** Runtime and version of the nodes, as written. */
  readonly runtime?: string;
  /** `os/architecture[/variant]` of the nodes, as written. */
  readonly platform?: string;
  readonly mode: Mode;
  /**
   * `none`: the nodes hold no registry credentials of their own, so a 401 without a Secret is final. Anything but `none`
   * and `unknown` is the path of a file that holds them.
   */
  readonly nodeCredentials?: string;
  /** Where the node agents keep their Leases. */
  readonly agentNamespace: string;
  readonly logLevel: LogLevel;
  /** Does not look whether what manifests list is there. */
  readonly noLayers: boolean;
  /** Reads whole layers after admissions, so that the next one knows. */
  readonly verifyLayers: boolean;
  /** Follows Pods that wait on nodes and the kubelets' events about pulls; takes rights on both. */
  readonly watchPulls: boolean;
  /** Where spans are sent by OTLP over HTTP; absent: nothing is traced. */
  readonly traceEndpoint?: string;
  /** How many of the traces that begin here are kept, 0 to 1. */
  readonly traceRatio: number;
  /** Serves `/statusz` on the metrics port. */
  readonly statusz: boolean;
  /**
   * Who is shown images, namespaces and workloads there. `local`: who comes by the loopback address, as `kubectl port-forward`
   * does, which takes rights; others see numbers.
   */
  readonly statuszFindings: "local" | "all" | "none";
  /** Asks over and over for what already runs; takes rights on everything that runs Pods. */
  readonly audit: boolean;
  /** Namespace of the audit's state and Leases; absent: the context's, which in a Pod is its own. */
  readonly auditNamespace?: string;
  /** Minutes between two times that the audit asks for an image that can be pulled. */
  readonly auditInterval: number;
  /** Requests a minute that the audit may send to one registry. */
  readonly auditRate: number;
  /** Reviews that may wait for registries at a time, and that may wait for one of these places. */
  readonly maxInFlight: number;
  readonly maxQueued: number;
  /** Requests a second to one registry; absent: no rate is kept. */
  readonly registryQps?: number;
  /** Bytes of everything that is remembered of images. */
  readonly cacheBytes: number;
  /** The file that settings came from, which may hold a PullguardConfig too. */
  readonly configFile?: string;
}

/**
 * Where settings come from. `flags` has the names of {@link ServeConfig} and `config`; `env` holds PULLGUARD_PORT,
 * PULLGUARD_CERT_DIR and so on; `readFile` gives the parsed content of the file named by `config`.
 */
export interface LoadInput {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile?: (path: string) => unknown;
}

const defaults = {
  port: 8443,
  metricsPort: 8080,
  certificates: "files",
  certDir: "certs",
  certificateSecret: "pullguard-tls",
  serviceName: "pullguard",
  webhookConfiguration: "pullguard",
  shutdownGrace: 25,
  noCluster: false,
  noLayers: false,
  verifyLayers: false,
  watchPulls: false,
  audit: false,
  auditInterval: 60,
  auditRate: 60,
  maxInFlight: 128,
  maxQueued: 1024,
  cacheBytes: 64 * 1024 * 1024,
  mode: "warn",
  agentNamespace: "pullguard-node-agent",
  logLevel: "info",
  traceRatio: 1,
  statusz: true,
  statuszFindings: "local",
} as const;

/**
 * Puts the configuration of the server together: flags win over the environment, the environment over the file, the file
 * over defaults. An empty environment variable counts as not set.
 * @throws PullguardError `ConfigInvalid`, its message naming each wrong setting and where it was written
 */
export function loadServeConfig(input: LoadInput): ServeConfig {
  const flags = settingsOf("flag", flagName, (name) => input.flags[name]);
  const environment = settingsOf(
    "environment variable",
    variableName,
    (name) => input.env[variableName(name)] || undefined,
  );
  const file = fileSettings(input);
  const settings = { ...defaults, ...file, ...environment, ...flags };
  if (settings.port === settings.metricsPort && settings.port !== 0) {
    throw new PullguardError("ConfigInvalid", `port and metricsPort are both ${settings.port}`);
  }
  if (settings.noCluster && settings.kubeconfig !== undefined) {
    throw new PullguardError("ConfigInvalid", "kubeconfig and noCluster exclude each other");
  }
  if (settings.noCluster && settings.watchPulls) {
    throw new PullguardError("ConfigInvalid", "noCluster and watchPulls exclude each other");
  }
  if (settings.noCluster && settings.audit) {
    throw new PullguardError("ConfigInvalid", "noCluster and audit exclude each other");
  }
  if (settings.noLayers && settings.verifyLayers) {
    throw new PullguardError("ConfigInvalid", "noLayers and verifyLayers exclude each other");
  }
  if (settings.noCluster && settings.certificates === "self-managed") {
    throw new PullguardError("ConfigInvalid", "noCluster and self-managed certificates exclude each other");
  }
  if (settings.clientName !== undefined && settings.clientCa === undefined) {
    throw new PullguardError("ConfigInvalid", "clientName needs clientCa: without a CA a name proves nothing");
  }
  const configFile = configFileOf(input);
  return Object.freeze(configFile === undefined ? settings : { ...settings, configFile });
}

/** The environment of this process, for {@link loadServeConfig}. */
export function currentEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}

function fileSettings(input: LoadInput): Present<Settings> {
  const filePath = configFileOf(input);
  if (filePath === undefined) {
    return {};
  }
  if (input.readFile === undefined) {
    throw new PullguardError("ConfigInvalid", `${filePath}: configuration files cannot be read here`);
  }
  let content: unknown;
  try {
    content = input.readFile(filePath);
  } catch (error) {
    const reason = error instanceof Error ? error.message : "unknown reason";
    throw new PullguardError("ConfigInvalid", `${filePath}: cannot be read: ${reason}`, { cause: error });
  }
  // A file of nothing but comments parses to null.
  const parsed = fileSchema.safeParse(fromFile(content ?? {}));
  if (!parsed.success) {
    throw new PullguardError(
      "ConfigInvalid",
      parsed.error.issues.map((issue) => fileFault(filePath, issue)).join("; "),
    );
  }
  return present(parsed.data);
}

/** YAML has no type for `64Mi`. */
function fromFile(content: unknown): unknown {
  if (typeof content !== "object" || content === null || !("cacheBytes" in content)) return content;
  const { cacheBytes } = content;
  return typeof cacheBytes === "string" ? { ...content, cacheBytes: bytesOf(cacheBytes) ?? cacheBytes } : content;
}

function configFileOf({ flags, env }: LoadInput): string | undefined {
  return typeof flags.config === "string" ? flags.config : env.PULLGUARD_CONFIG || undefined;
}

function fileFault(filePath: string, issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys") {
    return `${filePath}: ${issue.keys.join(", ")}: no such setting; known are ${fieldNames.join(", ")}`;
  }
  return issue.path.length === 0
    ? `${filePath}: ${issue.message}`
    : `${filePath}: ${issue.path.join(".")}: ${issue.message}`;
}

/** Flags and variables may be texts, which are turned into what the field wants. */
function settingsOf(
  source: string,
  spell: (name: FieldName) => string,
  lookUp: (name: FieldName) => unknown,
): Present<Settings> {
  const given: Partial<Record<FieldName, unknown>> = {};
  for (const name of fieldNames) {
    const value = lookUp(name);
    if (value !== undefined) {
      given[name] = fromText(name, value);
    }
  }
  const parsed = fileSchema.safeParse(given);
  if (!parsed.success) {
    const faults = parsed.error.issues.map(
      (issue) => `${source} ${spell(issue.path[0] as FieldName)}: ${issue.message}`,
    );
    throw new PullguardError("ConfigInvalid", faults.join("; "));
  }
  return present(parsed.data);
}

const numbers: ReadonlySet<FieldName> = new Set([
  "auditInterval",
  "auditRate",
  "shutdownGrace",
  "port",
  "metricsPort",
  "maxInFlight",
  "maxQueued",
  "registryQps",
  "traceRatio",
]);
const byteUnits: Readonly<Record<string, number>> = { "": 1, Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3 };

/** `67108864`, `64Mi`; undefined for anything else. */
function bytesOf(text: string): number | undefined {
  const [, digits, unit = ""] = /^(\d{1,12})(Ki|Mi|Gi)?$/.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * (byteUnits[unit] ?? Number.NaN);
}

function fromText(name: FieldName, value: unknown): unknown {
  if (typeof value !== "string") {
    return value;
  }
  if (numbers.has(name) && /^\d+(?:\.\d+)?$/.test(value)) {
    return Number(value);
  }
  if (name === "cacheBytes") {
    return bytesOf(value) ?? value;
  }
  if (name === "clientName") return value.split(",").map((each) => each.trim());
  if (fields[name] === flag) {
    return (
      new Map([
        ["true", true],
        ["1", true],
        ["false", false],
        ["0", false],
      ]).get(value) ?? value
    );
  }
  return value;
}

type Present<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** zod keeps optional keys with the value undefined, which would hide what a weaker source says. */
function present(settings: Settings): Present<Settings> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as Present<Settings>;
}

/** `certDir` → `PULLGUARD_CERT_DIR`. */
function variableName(name: FieldName): string {
  return `PULLGUARD_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** `certDir` → `--cert-dir`. */
function flagName(name: FieldName): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
