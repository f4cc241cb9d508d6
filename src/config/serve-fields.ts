import { z } from "zod";

const port = z.int({ error: "must be a whole number" }).min(0).max(65_535, { error: "must be 65535 at most" });
const path = z.string({ error: "must be a text" }).min(1, { error: "must not be empty" });
/** A name that an object of Kubernetes can have. */
const objectName = z
  .string({ error: "must be a text" })
  .regex(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/, { error: "must be the name of an object" });

const endpoint = z.string({ error: "must be a text" }).refine(isReceiver, {
  error: "must be an http or https URL without user and password, such as http://collector:4318",
});

/** Settings that are on or off. */
export const flag = z.boolean({ error: "must be true or false" });
const wholeNumber = { error: "must be a whole number" } as const;
const leastCacheBytes = 1024 * 1024;

/** What each setting may be, once its text has been read. */
export const fields = {
  port,
  metricsPort: port,
  certificates: z.enum(["files", "self-managed"], { error: "must be files or self-managed" }),
  certDir: path,
  certificateSecret: objectName,
  serviceName: objectName,
  webhookConfiguration: objectName,
  namespace: objectName,
  clientCa: path,
  clientName: z.array(path, { error: "must be a list of names" }).min(1, { error: "must not be empty" }),
  shutdownGrace: z
    .int({ error: "must be a whole number of seconds" })
    .min(1, { error: "must be 1 second at least" })
    .max(3_600, { error: "must be 3600 seconds at most" }),
  kubeconfig: path,
  noCluster: flag,
  noLayers: flag,
  verifyLayers: flag,
  watchPulls: flag,
  audit: flag,
  auditNamespace: z.string({ error: "must be a text" }).min(1, { error: "must not be empty" }),
  auditInterval: z.number({ error: "must be a number of minutes" }).min(1, { error: "must be 1 at least" }),
  auditRate: z.number({ error: "must be a number" }).min(0.1, { error: "must be 0.1 at least" }),
  maxInFlight: z
    .int(wholeNumber)
    .min(1, { error: "must be 1 at least" })
    .max(100_000, { error: "must be 100000 at most" }),
  maxQueued: z
    .int(wholeNumber)
    .min(0, { error: "must be 0 at least" })
    .max(100_000, { error: "must be 100000 at most" }),
  registryQps: z.number({ error: "must be a number" }).min(0.1, { error: "must be 0.1 at least" }),
  cacheBytes: z
    .int({ error: "must be a number of bytes, such as 67108864 or 64Mi" })
    .min(leastCacheBytes, { error: "must be 1Mi at least" })
    .max(64 * 1024 ** 3, { error: "must be 64Gi at most" }),
  nodeRoot: path,
  runtime: path,
  platform: z
    .string({ error: "must be a text" })
    .regex(/^[a-z0-9]+\/[a-z0-9_]+(\/[a-z0-9_.]+)?$/i, { error: "must be os/architecture, such as linux/amd64" }),
  mode: z.enum(["warn", "deny", "audit", "off"], { error: "must be warn, deny, audit or off" }),
  nodeCredentials: z
    .string({ error: "must be unknown, none or a file" })
    .min(1, { error: "must be unknown, none or a file" }),
  agentNamespace: z.string({ error: "must be a text" }).min(1, { error: "must not be empty" }),
  logLevel: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"], {
    error: "must be trace, debug, info, warn, error, fatal or silent",
  }),
  traceEndpoint: endpoint,
  traceRatio: z
    .number({ error: "must be a number from 0 to 1" })
    .min(0, { error: "must be a number from 0 to 1" })
    .max(1, { error: "must be a number from 0 to 1" }),
  statusz: flag,
  statuszFindings: z.enum(["local", "all", "none"], { error: "must be local, all or none" }),
};

function isReceiver(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return (
    url !== undefined &&
    (url.protocol === "http:" || url.protocol === "https:") &&
    url.username === "" &&
    url.password === ""
  );
}

/** Name of a setting in a file. */
export type FieldName = keyof typeof fields;
export const fieldNames = Object.keys(fields) as readonly FieldName[];
/** A file of settings. */
export const fileSchema = z.strictObject(fields, { error: "must be a mapping" }).partial();
export type Settings = z.infer<typeof fileSchema>;
