import { type Lab, type LabSpec, loadNodeTruth, type RegistrySpec, secure, standardLab } from "../support/lab/index.js";
import { recordedPodmanFiles } from "../support/podman-node.js";
import { answers } from "./answers.js";
import { authorization } from "./authorization.js";
import { paritySettings } from "./cases.js";
import type { PodmanNode } from "./containers-image-node.js";
import { mirrors } from "./mirrors.js";
import { nodeSettings } from "./node-settings.js";
import type { ParityCase } from "./scenario.js";

function addressOf({ host, port }: Pick<RegistrySpec, "host" | "port">): string {
  return port === 443 ? host : `${host}:${port}`;
}

/** The authority's certificate where containers-image looks for it, for every registry that it signed for. */
function trustIn(lab: Lab, registries: readonly RegistrySpec[]): PodmanNode {
  const trusted = registries.filter(({ transport, node }) => transport.kind === "trusted" && node !== undefined);
  return Object.fromEntries(trusted.map((spec) => [`/etc/containers/certs.d/${addressOf(spec)}/ca.crt`, lab.caPem]));
}

const standard = standardLab("real");
const registries = [...standard.registries, ...answers.registries, ...authorization.registries];
const containerdOnly = new Set([...nodeSettings.cases, ...mirrors.cases].map(({ id }) => id));
const recordedIds = new Set(
  loadNodeTruth()
    .filter(({ truth }) => truth["podman-4.3.1"] !== undefined)
    .map(({ id }) => id),
);
const allRecorded = new Set(loadNodeTruth().map(({ id }) => id));

/** podman asks a person for a user or a password that is empty. */
function isComplete({ credential }: ParityCase): boolean {
  return credential === undefined || (credential.username !== "" && credential.password !== "");
}

/** podman, unlike CRI-O, asks again after an answer that it cannot read as an error of the registry. */
const askedAgain = "first1x404";

/** One node that trusts what there is to trust, and registries with every fault there is. */
export const faultsOfRegistries: {
  readonly lab: LabSpec;
  readonly cases: readonly ParityCase[];
  node(lab: Lab): PodmanNode;
} = {
  lab: { ports: "real", registries },
  cases: (paritySettings()[0]?.cases ?? []).filter(
    (one) =>
      one.level !== "content" &&
      one.id !== askedAgain &&
      isComplete(one) &&
      !containerdOnly.has(one.id) &&
      (!allRecorded.has(one.id) || recordedIds.has(one.id)),
  ),
  node: (lab) => ({ ...trustIn(lab, registries), ...recordedPodmanFiles(lab.caPem) }),
};

/** The laboratory of the nodes below: the recorded one, and some registries with the content of others. */
export const nodeLab: LabSpec = {
  ports: "real",
  registries: [
    ...standard.registries,
    { ...secure("twin.test"), contentOf: "ok.test" },
    { host: "plaintwin.test", port: 5000, transport: { kind: "http" }, contentOf: "ok.test" },
    { ...secure("a.sub.twin.test"), contentOf: "ok.test" },
    { host: "127.0.77.230", port: 5000, transport: { kind: "http" } },
  ],
};
