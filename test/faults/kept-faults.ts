import type { IncomingMessage } from "node:http";
import { sendObject } from "./breakable-api.js";
import type { Breakage } from "./breakable-server.js";
import type { ShiftingClock } from "./clock.js";
import type { ApiObject, ObjectApi } from "./object-api.js";
import type { FaultRow } from "./rows.js";

/** Where a webhook of its own keeps its certificates, and the Lease that says who may write them. */
export interface KeptWorld {
  readonly api: ObjectApi;
  readonly clock: ShiftingClock;
  /** Waits, while time goes by, until this has been logged since the fault began. */
  readonly logs: (text: string) => Promise<void>;
  /** Waits, while time goes by, until something holds. */
  readonly until: (holds: () => boolean) => Promise<void>;
}

export type KeptRow = FaultRow<KeptWorld>;

export const keptNamespace = "guard";
const secretPath = `/api/v1/namespaces/${keptNamespace}/secrets/pullguard-tls`;
const leasesPath = `/apis/coordination.k8s.io/v1/namespaces/${keptNamespace}/leases`;
const leasePath = `${leasesPath}/pullguard-certificates`;
const configurationPath = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/pullguard";

/** What is there before the webhook starts. */
export const keptObjects: Readonly<Record<string, ApiObject>> = {
  [configurationPath]: {
    ...{ apiVersion: "admissionregistration.k8s.io/v1", kind: "ValidatingWebhookConfiguration" },
    metadata: { name: "pullguard" },
    webhooks: [{ name: "images.pullguard.dev", clientConfig: {} }],
  },
};

/** The CAs by which the API server would trust the webhook now, PEM; "" for none. */
export function bundleOf(api: ObjectApi): string {
  const webhooks = api.at(configurationPath)?.webhooks as readonly { clientConfig: { caBundle?: string } }[];
  return Buffer.from(webhooks[0]?.clientConfig.caBundle ?? "", "base64").toString();
}

/** Changes the bundle as somebody would who edits the configuration. */
export function setBundle(api: ObjectApi, pem: string): void {
  const before = api.at(configurationPath);
  if (before === undefined) return;
  const clientConfig = pem === "" ? {} : { caBundle: Buffer.from(pem).toString("base64") };
  api.put(configurationPath, { ...before, webhooks: [{ name: "images.pullguard.dev", clientConfig }] });
}

const dataOf = (api: ObjectApi): Readonly<Record<string, string>> =>
  (api.at(secretPath)?.data ?? {}) as Readonly<Record<string, string>>;

/** Puts other entries into the Secret, as somebody else would, or takes it away. */
function spoil(api: ObjectApi, data: Readonly<Record<string, string>> | undefined): void {
  const before = api.at(secretPath);
  if (before === undefined) throw new Error("there is no Secret");
  api.put(secretPath, data === undefined ? undefined : { ...before, data });
}

const isWhole = (api: ObjectApi) => (): boolean =>
  ["tls.crt", "tls.key", "ca.crt"].every((key) => dataOf(api)[key] !== undefined);

/** Requests that change what is below a path get this status, and all others are answered. */
const refuses = (path: string, code: number, reason: string): Breakage => ({
  request: (request: IncomingMessage, response, sound) => {
    if (request.method === "GET" || request.url?.startsWith(path) !== true) return sound();
    request.resume();
    sendObject(response, code, { kind: "Status", reason, code, message: "not now" });
  },
});

function lease(api: ObjectApi, change: Readonly<Record<string, unknown>>): void {
  const before = api.at(leasePath);
  if (before === undefined) throw new Error("there is no Lease");
  api.put(leasePath, { ...before, spec: { ...(before.spec as object), ...change } });
}

const nothing = { expected: { allowed: true }, lift: () => undefined };
const servesOn =
  "Serves the pair that it has, which the API server still trusts; nobody renews certificates meanwhile.";
const newAuthority =
  "Serves the pair that it has and writes it back; a new CA comes beside the old one, which stays trusted.";
const repaired = {
  ...nothing,
  does: "Serves the pair that it has; the leader writes the Secret anew from what it remembers, by the same CA.",
  recovers: "Within a second or two.",
};

/** What may happen to the Lease, the Secret and the caBundle. */
export const keptRows: readonly KeptRow[] = [
  {
    fault: "Lease cannot be written (403): a right was taken away",
    inject: async ({ api, logs }) => {
      await api.break(refuses(leasesPath, 403, "Forbidden"));
      await logs("it cannot be settled which replica keeps the certificates");
    },
    expected: { allowed: true },
    lift: ({ api }) => api.mend(),
    does: servesOn,
    recovers: "The Lease is tried for again after 2 to 33 seconds.",
  },
  {
    fault: "Lease: somebody else has written it first (409)",
    inject: async ({ api, clock, until }) => {
      const before = api.at(leasePath)?.metadata.resourceVersion;
      const now = Number(before) + 1;
      lease(api, {});
      await until(() => Number(api.at(leasePath)?.metadata.resourceVersion) > now);
      clock.pass(1_000);
    },
    ...nothing,
    does: "Reads it anew and goes on leading, for it is still the holder.",
    recovers: "At once.",
  },
  {
    fault: "Lease was deleted",
    inject: async ({ api, until }) => {
      api.put(leasePath, undefined);
      await until(() => api.at(leasePath) !== undefined);
    },
    ...nothing,
    does: "Makes it anew and goes on leading.",
    recovers: "With the next renewal, two seconds later at most.",
  },
  {
    fault: "Lease was taken over by another replica",
    inject: async ({ api, logs }) => {
      lease(api, { holderIdentity: "pullguard-other", leaseDurationSeconds: 600 });
      await logs("another replica keeps the certificates");
    },
    expected: { allowed: true },
    lift: async ({ api, logs }) => {
      lease(api, { holderIdentity: "" });
      await logs("this replica keeps the certificates");
    },
    does: "Leaves the certificates to the other one and serves what that one writes.",
    recovers: "When the other gives the Lease up, or has not renewed it for its length.",
  },
  {
    fault: "certificates' Secret was emptied",
    inject: async ({ api, until }) => {
      spoil(api, {});
      await until(isWhole(api));
    },
    ...repaired,
    does: newAuthority,
  },
  {
    fault: "certificates' Secret was deleted",
    inject: async ({ api, until }) => {
      spoil(api, undefined);
      await until(isWhole(api));
    },
    ...repaired,
    does: newAuthority,
  },
  {
    fault: "certificates' Secret is corrupt: its certificate is none",
    inject: async ({ api, until, logs }) => {
      const spoilt = Buffer.from("-----BEGIN CERTIFICATE-----\nAAAA\n").toString("base64");
      spoil(api, { ...dataOf(api), "tls.crt": spoilt });
      await logs("the certificates' Secret was written");
      await until(() => dataOf(api)["tls.crt"] !== spoilt);
    },
    ...repaired,
  },
  {
    fault: "certificates' Secret is corrupt, and cannot be written (403)",
    inject: async ({ api, logs }) => {
      await api.break(refuses(secretPath, 403, "Forbidden"));
      spoil(api, { ...dataOf(api), "tls.key": Buffer.from("x").toString("base64") });
      await logs("the certificates cannot be kept");
    },
    expected: { allowed: true },
    lift: async ({ api, logs }) => {
      await api.mend();
      await logs("the certificates' Secret was written");
    },
    does: "Serves the pair that it has, and says in its log what it may not do. A replica that starts meanwhile is not ready.",
    recovers: "It is tried again after 1 to 30 seconds.",
  },
  {
    fault: "certificates' Secret is corrupt, and somebody else writes it first (409)",
    inject: async ({ api, logs }) => {
      await api.break(refuses(secretPath, 409, "Conflict"));
      spoil(api, { ...dataOf(api), "tls.key": Buffer.from("x").toString("base64") });
      await logs("somebody else has changed it first");
    },
    expected: { allowed: true },
    lift: async ({ api, logs }) => {
      await api.mend();
      await logs("the certificates' Secret was written");
    },
    does: "Serves the pair that it has, and waits for what the other one wrote.",
    recovers: "Five seconds later it looks again, and writes if it has to.",
  },
  {
    fault: "caBundle was edited by hand",
    inject: async ({ api, until }) => {
      const before = bundleOf(api);
      setBundle(api, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
      await until(() => bundleOf(api) === before);
    },
    ...nothing,
    does: "Puts it right. Between the edit and that the API server cannot call the webhook, and `failurePolicy` decides.",
    recovers: "Within a second; six times a minute at most, lest it fight with another program.",
  },
];
