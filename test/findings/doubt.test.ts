import assert from "node:assert/strict";
import { doubtJudgement, type Judgement } from "../../src/findings/index.js";
import type { NodeProfile, RegistryHost } from "../../src/node/index.js";
import type { PullPlan } from "../../src/prediction/index.js";
import { registryHost } from "../support/builders.js";

const reference = { written: "reg.test/app:v1", domain: "reg.test", path: "app", tag: "v1" };
const plan = (values: Partial<RegistryHost> = {}, partial?: true): PullPlan => ({
  ...{ kind: "pull", reference, hosts: [registryHost("reg.test", values)] },
  issues: [{ code: "HostsFileUnreadable", message: "m", origin: { file: "/etc/x/hosts.toml" } }],
  ...(partial === undefined ? {} : { partial }),
});
const broken: PullPlan = {
  ...{ kind: "hosts-broken", reference },
  plan: { kind: "broken", message: "m", origin: { file: "/etc/x" }, issues: [] },
};

interface DoubtCase {
  readonly name: string;
  readonly cause?: Judgement["cause"];
  readonly verdict?: Judgement["verdict"];
  readonly plan?: PullPlan;
  readonly profile?: Partial<Pick<NodeProfile, "lastConfirmed" | "systemRoots">>;
  readonly want: string;
}

const aged = { lastConfirmed: () => "20 min ago" };
const configured = plan({ origin: { file: "/etc/x/hosts.toml" } });
const last = "; the nodes' profile was last confirmed 20 min ago";
const roots = "; whether the nodes' own trust store has it is not known: check /etc/ssl/certs on a node";

const cases: readonly DoubtCase[] = [
  { name: "stays where everything is known", want: "unpullable: m" },
  {
    name: "is doubted where a file could not be read",
    plan: plan({}, true),
    want: "unknown: m; not all of the nodes' configuration is known: check /etc/x/hosts.toml on a node",
  },
  { name: "is doubted where it rests on old files", plan: configured, profile: aged, want: `unknown: m${last}` },
  { name: "is doubted where old files are broken", plan: broken, profile: aged, want: `unknown: m${last}` },
  { name: "stays where old files have no part in it", profile: aged, want: "unpullable: m" },
  {
    name: "is doubted where the trust store was not seen",
    cause: "CertificateUntrusted",
    profile: { systemRoots: "unknown" },
    want: `unknown: m${roots}`,
  },
  {
    name: "stays where the trust store has no part in it",
    cause: "TagNotFound",
    profile: { systemRoots: "unknown" },
    want: "unpullable: m",
  },
  {
    name: "is nothing where the image can be pulled",
    verdict: "pullable",
    plan: plan({}, true),
    profile: aged,
    want: "pullable: m",
  },
];

describe("the certainty of a failure", () => {
  for (const { name, cause = "TagNotFound", verdict = "unpullable", want, ...given } of cases) {
    it(name, () => {
      const judged: Judgement = {
        ...{ reference: null, digest: null, kubeletReason: null, fix: null, message: "m" },
        ...{ cause, verdict },
      };
      const profile = { hostsRoot: "/etc/containerd/certs.d", ...given.profile };
      const doubted = doubtJudgement(judged, given.plan ?? plan(), profile);
      assert.equal(`${doubted.verdict}: ${doubted.message}`, want);
    });
  }
});
