import { type LabSpec, loadNodeTruth, type NodeTruthCase, secure, standardLab } from "../support/lab/index.js";
import { configWith } from "../support/real/index.js";
import { answers, oddManifests } from "./answers.js";
import { authorization } from "./authorization.js";
import { defaultFolder } from "./default-folder.js";
import { mirrors } from "./mirrors.js";
import { nodeSettings } from "./node-settings.js";
import { type ParityCase, together } from "./scenario.js";

const contentHosts = ["corrupt.test", "missblob.test", "drip.test"];
const contentTags = ["notgzip", "artifact", "wrongsize", "nolayer"];

function needsBlobs(image: string): boolean {
  return (
    contentHosts.some((host) => image.startsWith(`${host}/`)) || contentTags.some((tag) => image.endsWith(`:${tag}`))
  );
}

/** The recorded Pods whose outcome depends on nothing but the image: no Secrets, no policy, no init container. */
function isPlain(one: NodeTruthCase): boolean {
  return ![one.secrets, one.podSecrets, one.saSecrets, one.initImage, one.imagePullPolicy, one.alreadyOnNode].some(
    (special) => special !== undefined,
  );
}

function recordedCases(): ParityCase[] {
  return loadNodeTruth()
    .filter(isPlain)
    .map(({ id, image }) => ({ id, image, ...(needsBlobs(image) ? { level: "content" as const } : {}) }));
}

const furtherFaults: readonly ParityCase[] = [
  { id: "hangtls", image: "hangtls.test/team/app:v1" },
  { id: "endlessheaders", image: "endlessheaders.test/team/app:v1" },
  { id: "endlessbody", image: "endlessbody.test/team/app:v1" },
  { id: "redirectloop", image: "redirectloop.test/team/app:v1" },
  { id: "slow", image: "slow.test/team/app:v1" },
  { id: "drip", image: "drip.test/team/app:v1", level: "content" },
];

/** One node with its surroundings, and the pulls that both sides are asked about there. */
export interface ParitySetting {
  readonly name: string;
  readonly lab: LabSpec;
  readonly cases: readonly ParityCase[];
  /** The node's config.toml where it is not the usual one. */
  readonly config?: string;
}

function refuseTwins(cases: readonly ParityCase[]): void {
  const seen = new Set<string>();
  for (const { id } of cases) {
    if (seen.has(id)) throw new Error(`two parity cases are called ${id}`);
    seen.add(id);
  }
}

/**
 * The standard laboratory with everything invented on top, a node with a `_default` folder, and one where the CRI plugin of
 * every version pulls by itself.
 */
export function paritySettings(): readonly ParitySetting[] {
  const standard = standardLab("real");
  const invented = together([nodeSettings, mirrors, answers, authorization]);
  const cases = [...recordedCases(), ...furtherFaults, ...invented.cases];
  refuseTwins([...cases, ...defaultFolder.cases]);
  const registries = [...standard.registries, ...invented.registries];
  const nodeOnly = { ...standard.nodeOnly, ...invented.nodeOnly };
  return [
    { name: "a folder for each registry", cases, lab: { ports: "real", registries, nodeOnly } },
    {
      name: "a _default folder",
      cases: defaultFolder.cases,
      lab: { ports: "real", registries: defaultFolder.registries, nodeOnly: defaultFolder.nodeOnly ?? {} },
    },
    {
      name: "a limit of downloads that the transfer service does not take",
      cases: oddManifests("local-").cases,
      config: configWith("max_concurrent_downloads = 4"),
      lab: { ports: "real", registries: [secure("ok.test")] },
    },
  ];
}
