import assert from "node:assert/strict";
import { type NodeProfile, unseenNodeProfile } from "../../src/node/index.js";
import { type NodePool, placeOn } from "../../src/placement/index.js";
import { whereOf } from "../../src/placement/where.js";
import { nodeState, placedNode, podSpec } from "./pods.js";

const profile = (name: string): NodeProfile => ({ ...unseenNodeProfile({}), name });
const [good, bad, assumed] = [profile("good"), profile("bad"), profile("any node")];
const pool = (values: Partial<NodePool> = {}): NodePool => ({
  ...{ name: "pool gpu", labels: { pool: "gpu" }, taints: [], profiles: [bad] },
  ...values,
});
const nodes = [
  placedNode("a", { labels: { zone: "1" }, profiles: [good] }),
  placedNode("b", { labels: { zone: "2" }, profiles: [good] }),
  placedNode("c", { labels: { zone: "2" }, profiles: [bad] }),
];

function landsOn(spec: object, set: Parameters<typeof placeOn>[0]): readonly string[] {
  const { candidatesFor } = placeOn(set, [assumed]);
  return candidatesFor(podSpec(spec)).map(({ profile: { name }, where }) => `${name}: ${where}`);
}

describe("the nodes that a Pod may land on", () => {
  it("are grouped by their profile, the most nodes first", () => {
    assert.deepEqual(landsOn({}, { nodes, pools: [] }), ["good: a and b", "bad: c"]);
    assert.deepEqual(landsOn({ nodeSelector: { zone: "2" } }, { nodes, pools: [] }), ["good: b", "bad: c"]);
    assert.deepEqual(landsOn({ nodeName: "c" }, { nodes, pools: [] }), ["bad: c"]);
  });

  it("have a group for each runtime where it is not known", () => {
    const unknown = placedNode("a", { profiles: [profile("old"), profile("new")] });
    assert.deepEqual(landsOn({}, { nodes: [unknown], pools: [] }), ["old: a", "new: a"]);
  });

  it("come with pools that may be filled, unless the Pod stays off them", () => {
    assert.deepEqual(landsOn({ nodeSelector: { zone: "1" } }, { nodes, pools: [pool()] }), [
      "good: a",
      "bad: pool gpu",
    ]);
    assert.deepEqual(landsOn({ nodeSelector: { pool: "gpu" } }, { nodes, pools: [pool()] }), ["bad: pool gpu"]);
    assert.deepEqual(landsOn({ nodeSelector: { pool: "cpu" } }, { nodes, pools: [pool()] }), ["any node: any node"]);
  });

  it("are of the most specific pool alone where the Pod lands nowhere else", () => {
    const gpu = pool({ decidedBy: { pool: "gpu" } });
    const every = pool({ name: "every node", labels: {}, decidedBy: {}, profiles: [good] });
    const set = { nodes: [], pools: [gpu, every] };
    assert.deepEqual(landsOn({ nodeSelector: { pool: "gpu" } }, set), ["bad: pool gpu"]);
    assert.deepEqual(landsOn({}, set), ["bad: pool gpu", "good: every node"]);
    assert.deepEqual(landsOn({ nodeSelector: { pool: "cpu" } }, set), ["good: every node"]);
    const open = { nodes: [], pools: [pool(), every] };
    assert.deepEqual(landsOn({ nodeSelector: { pool: "gpu" } }, open), ["bad: pool gpu", "good: every node"]);
  });

  it("are nodes of which nothing is known where none fits: a pool without nodes denies nothing", () => {
    assert.deepEqual(landsOn({ nodeSelector: { pool: "autoscaled" } }, { nodes, pools: [] }), ["any node: any node"]);
    assert.deepEqual(landsOn({ nodeName: "gone" }, { nodes, pools: [pool()] }), ["any node: any node"]);
    assert.deepEqual(landsOn({}, { nodes: [], pools: [] }), ["any node: any node"]);
  });

  it("name the nodes there are, so that their images can be looked at", () => {
    const [first] = placeOn({ nodes, pools: [] }, [assumed]).candidatesFor(podSpec());
    assert.deepEqual(first?.nodes, [nodes[0]?.state, nodes[1]?.state]);
    const [none] = placeOn({ nodes: [], pools: [] }, [assumed]).candidatesFor(podSpec());
    assert.equal(none?.nodes, undefined);
  });

  it("are worked out once for Pods that ask for the same", () => {
    const { candidatesFor } = placeOn({ nodes, pools: [] }, [assumed]);
    const spec = (labels: object) => podSpec({ nodeSelector: labels, tolerations: [{ operator: "Exists" }] });
    assert.equal(candidatesFor(spec({ zone: "1", x: "1" })), candidatesFor(spec({ x: "1", zone: "1" })));
    assert.notEqual(candidatesFor(spec({ zone: "1" })), candidatesFor(spec({ zone: "2" })));
  });

  it("are found among 5000 nodes and 200 profiles in no time", () => {
    const profiles = Array.from({ length: 200 }, (_, at) => profile(`p${at}`));
    const many = Array.from({ length: 5000 }, (_, at) =>
      placedNode(`n${at}`, {
        labels: { zone: String(at % 3), "kubernetes.io/hostname": `n${at}` },
        profiles: [profiles[at % 200] ?? assumed],
      }),
    );
    const source = placeOn({ nodes: many, pools: [] }, [assumed]);
    const pods = Array.from({ length: 20 }, (_, at) => podSpec({ nodeSelector: { zone: String(at % 3) } }));
    const startMs = performance.now();
    for (let round = 0; round < 100; round += 1) for (const pod of pods) source.candidatesFor(pod);
    const eachMs = (performance.now() - startMs) / 2000;
    assert.ok(eachMs < 1, `${eachMs} ms for each Pod`);
  });
});

describe("how people call some nodes", () => {
  const gke = (value: string) => ({ "cloud.google.com/gke-nodepool": value });
  const table: readonly {
    readonly given: readonly (readonly [string, Record<string, string>?])[];
    readonly want: string;
  }[] = [
    { given: [["a"]], want: "a" },
    {
      given: [
        ["a", gke("x")],
        ["b", gke("x")],
      ],
      want: "a and b",
    },
    { given: [["a"], ["b"], ["c"]], want: "a, b and 1 more node" },
    {
      given: [
        ["a", gke("gpu")],
        ["b", gke("gpu")],
        ["c", gke("gpu")],
      ],
      want: "pool gpu (3 nodes)",
    },
    {
      given: [
        ["a", gke("gpu")],
        ["b", gke("cpu")],
        ["c", gke("gpu")],
      ],
      want: "pools cpu and gpu (3 nodes)",
    },
    { given: [["a", gke("gpu")], ["b"], ["c", gke("gpu")]], want: "a, b and 1 more node" },
    {
      given: ["1", "2", "3", "4"].map((name) => [name, gke(name)] as const),
      want: "1, 2 and 2 more nodes",
    },
    {
      given: ["1", "2", "3"].map(
        (name) => [name, { "node.kubernetes.io/instance-type": "m5", ...gke("big") }] as const,
      ),
      want: "pool big (3 nodes)",
    },
  ];
  for (const { given, want } of table) {
    it(want, () => assert.equal(whereOf(given.map(([name, labels]) => nodeState(name, labels))), want));
  }
});
