import assert from "node:assert/strict";
import { type NodeProfile, type ProfileSpec, unseenNodeProfile } from "../../src/node/index.js";
import {
  type AgentSign,
  type ClusterNode,
  type Coverage,
  coverNodes,
  type PublishedProfile,
} from "../../src/placement/index.js";
import { placedNode } from "./pods.js";

const nowMs = 1_000_000;
const sign = (profile: string, agoMs = 1000, validMs = 5000): AgentSign => ({
  profile,
  confirmedMs: nowMs - agoMs,
  validMs,
});

function node(name: string, labels: Readonly<Record<string, string>> = {}): ClusterNode {
  const { profiles: _, ...rest } = placedNode(name, { labels });
  return { ...rest, programs: { runtime: "containerd://1.7.13" } };
}

function read(name: string, ...nodes: readonly string[]): PublishedProfile {
  return { name, version: "1", spec: { files: [] }, nodes, isHandWritten: false };
}

function written(name: string, spec: ProfileSpec = {}): PublishedProfile {
  return { name, version: "1", spec, nodes: [], isHandWritten: true };
}

/** Profiles whose names tell where they come from. */
function cover(
  nodes: readonly ClusterNode[],
  profiles: readonly PublishedProfile[],
  signs: Readonly<Record<string, AgentSign>> = {},
): Coverage {
  const named = (name: string): readonly NodeProfile[] => [{ ...unseenNodeProfile({}), name }];
  return coverNodes(nodes, profiles, new Map(Object.entries(signs)), {
    nowMs,
    profileFor: ({ name }, { runtime = "no runtime" }, isAged) => named(`${name}, ${runtime}${isAged ? ", aged" : ""}`),
    unseenFor: ({ runtime = "no runtime" }) => named(`unseen, ${runtime}`),
  });
}

const profilesOf = ({ nodes }: Coverage): readonly string[] =>
  nodes.map(({ state, profiles: [profile] }) => `${state.name}: ${profile?.name}`);

describe("the profile of a node", () => {
  const seen = "containerd://1.7.13";
  const table: readonly {
    readonly name: string;
    readonly profiles: readonly PublishedProfile[];
    readonly signs?: Readonly<Record<string, AgentSign>>;
    readonly want: string;
  }[] = [
    { name: "is unseen where nobody published any", profiles: [], want: `unseen, ${seen}` },
    { name: "is what its agent confirms", profiles: [read("p", "a")], signs: { a: sign("p") }, want: `p, ${seen}` },
    {
      name: "is what its agent confirms, before the profile names the node",
      profiles: [read("p")],
      signs: { a: sign("p") },
      want: `p, ${seen}`,
    },
    {
      name: "is the one that its agent confirms of two that name it",
      profiles: [read("p", "a"), read("q", "a")],
      signs: { a: sign("p") },
      want: `p, ${seen}`,
    },
    {
      name: "is aged where the agent is silent",
      profiles: [read("p", "a")],
      signs: { a: sign("p", 5001) },
      want: `p, ${seen}, aged`,
    },
    {
      name: "is current up to the last moment",
      profiles: [read("p", "a")],
      signs: { a: sign("p", 5000) },
      want: `p, ${seen}`,
    },
    { name: "is aged where there is no sign at all", profiles: [read("p", "a")], want: `p, ${seen}, aged` },
    {
      name: "is aged where the agent confirms another one that is not there",
      profiles: [read("p", "a")],
      signs: { a: sign("gone") },
      want: `p, ${seen}, aged`,
    },
    { name: "is unseen once its profile was removed", profiles: [], signs: { a: sign("p") }, want: `unseen, ${seen}` },
    { name: "is the one a person wrote for all nodes", profiles: [written("all")], want: `all, ${seen}` },
    {
      name: "is the most specific that a person wrote",
      profiles: [
        written("all"),
        written("zone", { nodeSelector: { matchLabels: { zone: "1" } } }),
        written("both", { nodeSelector: { matchLabels: { zone: "1", pool: "x" } } }),
      ],
      want: `both, ${seen}`,
    },
    {
      name: "is not one for other labels",
      profiles: [written("zone", { nodeSelector: { matchLabels: { zone: "2" } } })],
      want: `unseen, ${seen}`,
    },
    {
      name: "may be picked by expressions",
      profiles: [
        written("not", { nodeSelector: { matchExpressions: [{ key: "zone", operator: "NotIn", values: ["2"] }] } }),
      ],
      want: `not, ${seen}`,
    },
    {
      name: "is what a living agent read rather than what a person wrote",
      profiles: [written("all"), read("p", "a")],
      signs: { a: sign("p") },
      want: `p, ${seen}`,
    },
    {
      name: "is what a person wrote rather than what a dead agent read",
      profiles: [written("all"), read("p", "a")],
      signs: { a: sign("p", 6000) },
      want: `all, ${seen}`,
    },
  ];
  for (const { name, profiles, signs, want } of table) {
    it(name, () => {
      assert.deepEqual(profilesOf(cover([node("a", { zone: "1", pool: "x" })], profiles, signs)), [`a: ${want}`]);
    });
  }
});

describe("the coverage of a cluster", () => {
  it("tells when it will change by itself, and which profiles are aged", () => {
    const profiles = [read("p", "a", "b"), read("q", "c")];
    const signs = { a: sign("p", 1000), b: sign("p", 3000), c: sign("q", 9000) };
    const { nextChangeMs, aged } = cover([node("a"), node("b"), node("c")], profiles, signs);
    assert.equal(nextChangeMs, nowMs + 2001);
    assert.deepEqual(aged, ["q"]);
    assert.equal(cover([node("a")], []).nextChangeMs, Number.POSITIVE_INFINITY);
  });

  it("has a pool for each profile of labels that no node has", () => {
    const gpu = written("gpu", {
      platform: { os: "linux", architecture: "arm64" },
      nodeSelector: {
        matchLabels: { "cloud.google.com/gke-nodepool": "gpu" },
        matchExpressions: [
          { key: "tier", operator: "In", values: ["spot"] },
          { key: "zone", operator: "In", values: ["1", "2"] },
        ],
      },
      taints: [{ key: "gpu", value: "", effect: "NoSchedule" }],
    });
    const used = written("used", { nodeSelector: { matchLabels: { zone: "1" } } });
    const { pools } = cover([node("a", { zone: "1" })], [gpu, used, written("all")]);
    assert.deepEqual(
      pools.map(({ profiles: [profile], ...pool }) => ({ ...pool, profile: profile?.name })),
      [
        {
          name: "pool gpu",
          labels: {
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "arm64",
            "cloud.google.com/gke-nodepool": "gpu",
            tier: "spot",
          },
          taints: [{ key: "gpu", value: "", effect: "NoSchedule" }],
          profile: "gpu, no runtime",
        },
      ],
    );
  });

  it("takes every profile that was written for a pool where there is no node", () => {
    const { pools } = cover([], [written("all"), read("p", "a")]);
    assert.deepEqual(
      pools.map(({ name }) => name),
      ["nodes of profile all"],
    );
  });
});
