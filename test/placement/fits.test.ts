import assert from "node:assert/strict";
import fc from "fast-check";
import { fitsNode, mayFitPool } from "../../src/placement/fits.js";
import type { NodePool } from "../../src/placement/index.js";
import { affinity, placedNode, podSpec, taint } from "./pods.js";

interface FitCase {
  readonly name: string;
  readonly spec: object;
  readonly kind?: string;
  readonly node: Parameters<typeof placedNode>[1];
  readonly want: boolean;
}

const exists = (key: string) => ({ key, operator: "Exists" });
const expression = (key: string, operator: string, ...values: string[]) => ({
  matchExpressions: [{ key, operator, ...(values.length === 0 ? {} : { values }) }],
});
const named = (operator: string, ...values: string[]) => ({
  matchFields: [{ key: "metadata.name", operator, values }],
});

const fitCases: readonly FitCase[] = [
  { name: "a Pod that asks for nothing", spec: {}, node: {}, want: true },
  {
    name: "a nodeSelector that holds",
    spec: { nodeSelector: { a: "1" } },
    node: { labels: { a: "1", b: "2" } },
    want: true,
  },
  {
    name: "a nodeSelector with another value",
    spec: { nodeSelector: { a: "1" } },
    node: { labels: { a: "2" } },
    want: false,
  },
  { name: "a nodeSelector without the label", spec: { nodeSelector: { a: "" } }, node: {}, want: false },
  { name: "an empty value that is there", spec: { nodeSelector: { a: "" } }, node: { labels: { a: "" } }, want: true },
  { name: "a label named as a method", spec: { nodeSelector: { toString: "x" } }, node: {}, want: false },
  { name: "affinity In", spec: affinity(expression("a", "In", "1", "2")), node: { labels: { a: "2" } }, want: true },
  {
    name: "affinity NotIn where the label is absent",
    spec: affinity(expression("a", "NotIn", "1")),
    node: {},
    want: true,
  },
  {
    name: "affinity NotIn of the value",
    spec: affinity(expression("a", "NotIn", "1")),
    node: { labels: { a: "1" } },
    want: false,
  },
  { name: "affinity Exists", spec: affinity(expression("a", "Exists")), node: { labels: { a: "" } }, want: true },
  {
    name: "affinity DoesNotExist",
    spec: affinity(expression("a", "DoesNotExist")),
    node: { labels: { a: "1" } },
    want: false,
  },
  {
    name: "affinity Gt, as numbers",
    spec: affinity(expression("a", "Gt", "9")),
    node: { labels: { a: "10" } },
    want: true,
  },
  {
    name: "affinity Gt of the same",
    spec: affinity(expression("a", "Gt", "9")),
    node: { labels: { a: "9" } },
    want: false,
  },
  {
    name: "affinity Lt below zero",
    spec: affinity(expression("a", "Lt", "0")),
    node: { labels: { a: "-1" } },
    want: true,
  },
  {
    name: "affinity Lt of no number",
    spec: affinity(expression("a", "Lt", "5")),
    node: { labels: { a: "1.5" } },
    want: false,
  },
  {
    name: "affinity Gt beyond 64 bits",
    spec: affinity(expression("a", "Gt", "1")),
    node: { labels: { a: "9".repeat(20) } },
    want: false,
  },
  { name: "an operator of a newer Kubernetes", spec: affinity(expression("a", "Near", "5")), node: {}, want: true },
  { name: "no term at all", spec: affinity(), node: {}, want: false },
  { name: "an empty term", spec: affinity({}), node: {}, want: false },
  {
    name: "one of two terms",
    spec: affinity(expression("a", "Exists"), expression("b", "Exists")),
    node: { labels: { b: "" } },
    want: true,
  },
  {
    name: "every expression of a term",
    spec: affinity({ matchExpressions: [exists("a"), exists("b")] }),
    node: { labels: { b: "" } },
    want: false,
  },
  { name: "the node's name", spec: affinity(named("In", "node-a")), node: {}, want: true },
  { name: "another node's name", spec: affinity(named("In", "node-b")), node: {}, want: false },
  { name: "not the node's name", spec: affinity(named("NotIn", "node-a")), node: {}, want: false },
  { name: "two names in one field", spec: affinity(named("In", "node-a", "node-b")), node: {}, want: false },
  {
    name: "preferred affinity alone",
    spec: { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } } },
    node: {},
    want: true,
  },
  { name: "a NoSchedule taint", spec: {}, node: { taints: ["gpu=yes:NoSchedule"] }, want: false },
  { name: "a NoExecute taint", spec: {}, node: { taints: ["gpu:NoExecute"] }, want: false },
  { name: "a PreferNoSchedule taint", spec: {}, node: { taints: ["gpu:PreferNoSchedule"] }, want: true },
  {
    name: "a toleration of the value",
    spec: { tolerations: [{ key: "gpu", value: "yes" }] },
    node: { taints: ["gpu=yes:NoSchedule"] },
    want: true,
  },
  {
    name: "a toleration of another value",
    spec: { tolerations: [{ key: "gpu", value: "no" }] },
    node: { taints: ["gpu=yes:NoSchedule"] },
    want: false,
  },
  {
    name: "a toleration of every value",
    spec: { tolerations: [exists("gpu")] },
    node: { taints: ["gpu=yes:NoSchedule"] },
    want: true,
  },
  {
    name: "a toleration of another effect",
    spec: { tolerations: [{ ...exists("gpu"), effect: "NoExecute" }] },
    node: { taints: ["gpu:NoSchedule"] },
    want: false,
  },
  {
    name: "a toleration of everything",
    spec: { tolerations: [{ operator: "Exists" }] },
    node: { taints: ["a:NoSchedule", "b:NoExecute"] },
    want: true,
  },
  {
    name: "one of two taints tolerated",
    spec: { tolerations: [exists("a")] },
    node: { taints: ["a:NoSchedule", "b:NoSchedule"] },
    want: false,
  },
  {
    name: "a node that is not ready for the moment",
    spec: {},
    node: { taints: ["node.kubernetes.io/not-ready:NoExecute"] },
    want: true,
  },
  { name: "a cordoned node", spec: {}, node: { unschedulable: true }, want: false },
  {
    name: "a DaemonSet on a cordoned node",
    spec: {},
    kind: "DaemonSet",
    node: { unschedulable: true, taints: ["node.kubernetes.io/unschedulable:NoSchedule"] },
    want: true,
  },
  {
    name: "a DaemonSet on a tainted node",
    spec: {},
    kind: "DaemonSet",
    node: { taints: ["gpu:NoSchedule"] },
    want: false,
  },
  {
    name: "a Pod that names the node, whatever its taints and labels",
    spec: { nodeName: "node-a", nodeSelector: { a: "1" } },
    node: { taints: ["gpu:NoSchedule"], unschedulable: true },
    want: true,
  },
  { name: "a Pod that names another", spec: { nodeName: "node-b" }, node: {}, want: false },
  {
    name: "the Pod's os",
    spec: { os: { name: "windows" } },
    node: { labels: { "kubernetes.io/os": "linux" } },
    want: false,
  },
  {
    name: "the same os",
    spec: { os: { name: "linux" } },
    node: { labels: { "kubernetes.io/os": "linux" } },
    want: true,
  },
];

describe("whether a Pod may land on a node", () => {
  for (const { name, spec, kind, node, want } of fitCases) {
    it(`${want ? "yes" : "no"}: ${name}`, () => {
      assert.equal(fitsNode(podSpec(spec, kind), placedNode("node-a", node)), want);
    });
  }

  it("is what an independent reading of the rules says", () => {
    const key = fc.constantFrom("a", "b", "kubernetes.io/os");
    const value = fc.constantFrom("", "1", "2", "10", "linux", "x");
    const requirement = fc.record({
      key,
      operator: fc.constantFrom("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"),
      values: fc.array(value, { maxLength: 2 }),
    });
    const term = fc.record({ matchExpressions: fc.array(requirement, { maxLength: 2 }) });
    const effect = fc.constantFrom("NoSchedule", "NoExecute", "PreferNoSchedule");
    const spec = fc.record({
      nodeSelector: fc.dictionary(key, value, { maxKeys: 2 }),
      terms: fc.option(fc.array(term, { maxLength: 2 })),
      tolerations: fc.array(
        fc.record({ key, operator: fc.constantFrom("Exists", "Equal"), value, effect }, { requiredKeys: ["operator"] }),
        { maxLength: 2 },
      ),
    });
    const node = fc.record({
      labels: fc.dictionary(key, value, { maxKeys: 3 }),
      taints: fc.array(fc.record({ key, value, effect }), { maxLength: 2 }),
    });
    fc.assert(
      fc.property(spec, node, ({ terms, ...rest }, { labels, taints }) => {
        const pod = { ...rest, ...(terms === null ? {} : affinity(...terms)) };
        const placed = { ...placedNode("node-a", { labels }), taints };
        assert.equal(fitsNode(podSpec(pod), placed), referenceFits({ ...rest, terms }, { labels, taints }));
      }),
      { numRuns: 3000 },
    );
  });
});

interface PlainPod {
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly terms:
    | readonly { matchExpressions: readonly { key: string; operator: string; values: string[] }[] }[]
    | null;
  readonly tolerations: readonly { key?: string; operator: string; value?: string; effect?: string }[];
}

type PlainTaint = { readonly key: string; readonly value: string; readonly effect: string };
type Label = string | undefined;

/** The documentation of Kubernetes, word by word. */
function referenceFits(
  { nodeSelector, terms, tolerations }: PlainPod,
  node: { readonly labels: Readonly<Record<string, string>>; readonly taints: readonly PlainTaint[] },
): boolean {
  const labels = new Map(Object.entries(node.labels));
  const selected = Object.entries(nodeSelector).filter(([key, value]) => labels.get(key) !== value).length === 0;
  const holding = terms?.filter(({ matchExpressions }) => {
    const holds = matchExpressions.map(({ key, operator, values }) => operators[operator]?.(labels.get(key), values));
    return holds.length > 0 && !holds.includes(false);
  });
  const repelled = node.taints.filter((each) => each.effect !== "PreferNoSchedule" && !tolerated(each, tolerations));
  return selected && holding?.length !== 0 && repelled.length === 0;
}

const isNumber = (text: Label): boolean => text !== undefined && /^-?\d+$/.test(text);
const comparable = (label: Label, values: string[]): boolean =>
  values.length === 1 && isNumber(values[0]) && isNumber(label);
const operators: Readonly<Record<string, (label: Label, values: string[]) => boolean>> = {
  In: (label, values) => label !== undefined && values.includes(label),
  NotIn: (label, values) => values.length > 0 && (label === undefined || !values.includes(label)),
  Exists: (label, values) => values.length === 0 && label !== undefined,
  DoesNotExist: (label, values) => values.length === 0 && label === undefined,
  Gt: (label, values) => comparable(label, values) && Number(label) > Number(values[0]),
  Lt: (label, values) => comparable(label, values) && Number(label) < Number(values[0]),
};

function tolerated(taint: PlainTaint, tolerations: PlainPod["tolerations"]): boolean {
  const fitting = tolerations
    .filter(({ effect }) => effect === undefined || effect === taint.effect)
    .filter(({ key }) => key === undefined || key === taint.key)
    .filter(({ operator, value = "" }) => operator === "Exists" || value === taint.value);
  return fitting.length > 0;
}

interface PoolCase {
  readonly name: string;
  readonly spec: object;
  readonly pool?: Partial<Pick<NodePool, "labels" | "taints">>;
  readonly want: boolean;
}

const poolCases: readonly PoolCase[] = [
  { name: "a Pod that asks for nothing", spec: {}, want: true },
  { name: "a label that the pool has", spec: { nodeSelector: { pool: "gpu" } }, want: true },
  { name: "a label that the pool has otherwise", spec: { nodeSelector: { pool: "cpu" } }, want: false },
  { name: "a label that nobody spoke of", spec: { nodeSelector: { disk: "ssd" } }, want: true },
  { name: "affinity on a label that nobody spoke of", spec: affinity(expression("disk", "Exists")), want: true },
  { name: "affinity that the pool's label breaks", spec: affinity(expression("pool", "NotIn", "gpu")), want: false },
  { name: "a node by its name", spec: { nodeName: "node-a" }, want: false },
  { name: "affinity to a node's name", spec: affinity(named("In", "node-a")), want: true },
  { name: "a taint", spec: {}, pool: { taints: [taint("gpu:NoSchedule")] }, want: false },
  {
    name: "a tolerated taint",
    spec: { tolerations: [exists("gpu")] },
    pool: { taints: [taint("gpu:NoSchedule")] },
    want: true,
  },
];

describe("whether a Pod may land on a pool that may be filled", () => {
  for (const { name, spec, pool, want } of poolCases) {
    it(`${want ? "yes" : "no"}: ${name}`, () => {
      const given: NodePool = { name: "gpu", labels: { pool: "gpu" }, taints: [], profiles: [], ...pool };
      assert.equal(mayFitPool(podSpec(spec), given), want);
    });
  }
});
