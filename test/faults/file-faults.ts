import { mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../../src/bin/system.js";
import { makeServingCertificates, writeServingCertificates } from "../../src/certs/index.js";
import type { BreakableRegistry } from "./breakable-registry.js";
import type { ShiftingClock } from "./clock.js";
import type { FaultRow } from "./rows.js";
import { type FaultyWebhook, soundPolicy } from "./webhook.js";

/** What a row may break: the files and the clock of a webhook of its own. */
export interface FileWorld {
  readonly webhook: FaultyWebhook;
  readonly clock: ShiftingClock;
  readonly registry: BreakableRegistry;
  /** Lets the webhook look at its files, and waits until it has logged this. */
  readonly look: (logged: string) => Promise<void>;
}

export interface FileRow extends FaultRow<FileWorld> {
  /** What must hold once the fault is there, beyond the answer. */
  readonly shows?: (world: FileWorld) => Promise<void>;
}

const kept = "not reloaded, the old one stays";
const dayMs = 86_400_000;

/** New certificates for the same name, as a rotation brings them. */
async function rotate({ webhook }: FileWorld): Promise<string> {
  // Valid for those who go by the machine's clock, whatever a row makes of time.
  const certificates = await makeServingCertificates({ names: ["localhost"], days: 90, clock: systemClock });
  await writeServingCertificates(webhook.certDir, certificates, true);
  return certificates.caPem;
}

/** Puts a text in the place of a file, and lifts that by putting the old one back. */
function replacing(file: (world: FileWorld) => string, text: string, logged: string) {
  let before = "";
  return {
    inject: async (world: FileWorld) => {
      before = await readFile(file(world), "utf8");
      await writeFile(file(world), text);
      await world.look(logged);
    },
    lift: async (world: FileWorld) => {
      await writeFile(file(world), before);
      world.clock.pass(dayMs / 24);
    },
  };
}

const certificateFile = ({ webhook }: FileWorld): string => join(webhook.certDir, "tls.crt");
const keyFile = ({ webhook }: FileWorld): string => join(webhook.certDir, "tls.key");
const policyFile = ({ webhook }: FileWorld): string => webhook.policyFile;
const policyKept = "the last one stays";

const answered = { expected: { allowed: true } };
const oldCertificate = {
  ...answered,
  does: "Serves the last good pair, logs what is wrong with the files and counts it (pullguard_config_reloads_total).",
  recovers: "The files are looked at every 10 seconds; a sound pair serves new connections at once.",
};
const oldPolicy = {
  ...answered,
  does: "Goes by the last good configuration, logs each fault with its field and counts it.",
  recovers: "The file is looked at every 5 seconds.",
};

export const fileRows: readonly FileRow[] = [
  {
    fault: "certificate on disk is corrupt",
    ...replacing(certificateFile, "-----BEGIN CERTIFICATE-----\nAAAA\n", kept),
    ...oldCertificate,
  },
  {
    fault: "certificate on disk is empty: the disk was full",
    ...replacing(certificateFile, "", kept),
    ...oldCertificate,
  },
  { fault: "key on disk is of another certificate", ...otherKey(), ...oldCertificate },
  {
    fault: "certificate files are gone",
    inject: async (world) => {
      await rename(world.webhook.certDir, `${world.webhook.certDir}.away`);
      await world.look(kept);
    },
    lift: ({ webhook }) => rename(`${webhook.certDir}.away`, webhook.certDir),
    ...oldCertificate,
  },
  {
    fault: "certificate is replaced while connections stand",
    inject: async (world) => {
      const caPem = await rotate(world);
      await world.look("serving certificate reloaded");
      world.webhook.trust(caPem);
    },
    lift: () => undefined,
    ...answered,
    does: "Serves the new pair to new connections; those that stand go on.",
    recovers: "There is nothing to recover from.",
  },
  {
    fault: "certificate expires and nobody replaces it",
    inject: ({ clock }) => clock.pass(31 * dayMs),
    shows: async ({ webhook }) => {
      const { status, text } = await webhook.get("/readyz");
      if (status !== 503 || !text.includes("the serving certificate has expired")) throw new Error(`${status} ${text}`);
    },
    lift: async (world) => {
      const caPem = await rotate(world);
      await world.look("serving certificate reloaded");
      world.webhook.trust(caPem);
      if ((await world.webhook.get("/readyz")).status !== 200) throw new Error("not ready again");
    },
    ...answered,
    does: "Is not ready any more and says why at /readyz; whoever still trusts the certificate is answered.",
    recovers: "Is ready as soon as a valid pair is there.",
  },
  { fault: "configuration is no YAML", ...replacing(policyFile, "a: [", policyKept), ...oldPolicy },
  { fault: "configuration is empty: the disk was full", ...replacing(policyFile, "", policyKept), ...oldPolicy },
  {
    fault: "configuration is not valid",
    ...replacing(policyFile, JSON.stringify({ ...soundPolicy, spec: { rule: [] } }), policyKept),
    ...oldPolicy,
  },
  {
    fault: "configuration is gone",
    inject: async (world) => {
      await rename(world.webhook.policyFile, `${world.webhook.policyFile}.away`);
      await world.look(policyKept);
    },
    lift: ({ webhook }) => rename(`${webhook.policyFile}.away`, webhook.policyFile),
    ...oldPolicy,
  },
  {
    fault: "node's trust store cannot be read (a link to nowhere)",
    inject: async ({ webhook, clock }) => {
      const store = join(webhook.nodeRoot, "etc/ssl/certs/ca-certificates.crt");
      await rename(store, `${store}.away`);
      await symlink("/nowhere/ca.crt", store);
      clock.pass(120_000);
    },
    lift: async ({ webhook, clock }) => {
      const store = join(webhook.nodeRoot, "etc/ssl/certs/ca-certificates.crt");
      await rm(store);
      await rename(`${store}.away`, store);
      clock.pass(120_000);
    },
    expected: { allowed: true, says: "CertificateUntrusted" },
    does: "Does not take what it cannot read for an empty trust store: a certificate that it cannot judge is unknown.",
    recovers: "A node's files are read again after a minute.",
  },
  {
    fault: "node's registry configuration cannot be read (a link to nowhere)",
    inject: async ({ webhook, registry, clock }) => {
      const folder = join(webhook.nodeRoot, `etc/containerd/certs.d/${registry.host}:${registry.port}`);
      await mkdir(folder, { recursive: true });
      await symlink("/nowhere/hosts.toml", join(folder, "hosts.toml"));
      clock.pass(120_000);
    },
    lift: async ({ webhook, clock }) => {
      await rm(join(webhook.nodeRoot, "etc/containerd"), { recursive: true });
      clock.pass(120_000);
    },
    ...answered,
    does: "Asks the registry itself; where that fails, the image is unknown, for a node may ask elsewhere.",
    recovers: "A node's files are read again after a minute.",
  },
  ...(
    [
      ["forward a day", dayMs],
      ["back an hour", -3_600_000],
    ] as const
  ).map(
    ([words, ms]): FileRow => ({
      fault: `clock is set ${words}`,
      inject: ({ clock }) => clock.jump(ms),
      lift: ({ clock }) => clock.jump(-ms),
      ...answered,
      does: "Deadlines, caches, tokens, back-off and leases go by a clock that nobody sets; only dates of certificates and exemptions follow.",
      recovers: "There is nothing to recover from.",
    }),
  ),
];

function otherKey(): Pick<FileRow, "inject" | "lift"> {
  let before = "";
  return {
    inject: async (world) => {
      before = await readFile(keyFile(world), "utf8");
      const { keyPem } = await makeServingCertificates({ names: ["localhost"], days: 1, clock: world.clock });
      await writeFile(keyFile(world), keyPem.reveal());
      await world.look(kept);
    },
    lift: (world) => writeFile(keyFile(world), before),
  };
}
