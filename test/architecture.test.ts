import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { breachesOf, type Constitution } from "./architecture/rules.js";
import { importsOf, loadTree, type SourceTree } from "./architecture/source-tree.js";

/** Where the outside world is touched: composition, settings, certificate files and the command line. */
const edges = ["bin", "certs", "cli", "config"];

const rules: Constitution = {
  ranks: {
    core: 0,
    reference: 1,
    html: 1,
    oci: 1,
    workload: 2,
    credentials: 2,
    node: 3,
    placement: 4,
    registry: 4,
    prediction: 5,
    verification: 6,
    findings: 7,
    policy: 8,
    check: 9,
    mutation: 9,
    admission: 10,
    agent: 9,
    audit: 9,
    cluster: 10,
    certs: 10,
    status: 10,
    telemetry: 10,
    config: 10,
    server: 11,
    cli: 11,
    bin: 12,
  },
  typesOnly: { registry: ["credentials", "node"] },
  packages: {
    "@kubernetes/client-node": ["cluster", "bin"],
    "@opentelemetry/api": ["telemetry"],
    "@opentelemetry/exporter-trace-otlp-http": ["telemetry"],
    "@opentelemetry/resources": ["telemetry"],
    "@opentelemetry/sdk-trace": ["telemetry"],
    commander: ["cli"],
    express: ["server", "bin"],
    fzstd: ["verification"],
    "lru-cache": "anywhere",
    pino: ["telemetry", "bin"],
    "prom-client": ["telemetry", "bin"],
    selfsigned: ["certs"],
    "smol-toml": ["node"],
    undici: ["registry", "bin"],
    yaml: ["cli", "credentials", "node"],
    zod: "anywhere",
  },
  builtins: {
    "node:fs": edges,
    "node:fs/promises": edges,
    "node:dns": edges,
    "node:dns/promises": edges,
    "node:timers": edges,
    "node:timers/promises": edges,
    "node:child_process": [],
    "node:http": ["server"],
    "node:https": ["server"],
    "node:http2": [],
    "node:tls": ["registry", "bin"],
  },
  expressions: [
    { pattern: /\bDate\.now\(/, folders: edges },
    { pattern: /\bset(Timeout|Interval|Immediate)\(/, folders: edges },
    { pattern: /\bprocess\.env\b/, folders: ["config"] },
    { pattern: /(?<![.\w])fetch\(/, folders: ["registry"] },
  ],
  maxLines: 350,
  barredWords: ["util", "utils", "helper", "helpers", "manager", "service", "common", "data", "misc"],
};

describe("the architecture", () => {
  const tree = loadTree(["src", "test", "bench"]);

  it("is kept by every source file", () => {
    assert.ok(tree.size > 50);
    assert.deepEqual(breachesOf(tree, rules), []);
  });

  it("ranks only folders that exist", () => {
    const folders = new Set([...tree.keys()].map((path) => /^src\/([^/]+)\//.exec(path)?.[1]));
    assert.deepEqual(
      Object.keys(rules.ranks).filter((folder) => !folders.has(folder)),
      [],
    );
  });

  it("uses every dependency of the package, and no other", () => {
    const manifest = JSON.parse(readFileSync("package.json", "utf8")) as { dependencies: Record<string, string> };
    assert.deepEqual(Object.keys(manifest.dependencies).sort(), Object.keys(rules.packages).sort());
    const used = new Set(
      [...tree]
        .filter(([path]) => path.startsWith("src/"))
        .flatMap(([path, text]) => importsOf(path, text).map(({ specifier }) => specifier)),
    );
    assert.deepEqual(
      Object.keys(rules.packages).filter((name) => !used.has(name)),
      [],
    );
  });

  it("is described by docs/architecture.md with the same ranks", () => {
    const rows = [...readFileSync("docs/architecture.md", "utf8").matchAll(/^\| (\d+) \| `([a-z]+)\/` \|/gm)];
    assert.deepEqual(Object.fromEntries(rows.map(([, rank, folder]) => [folder, Number(rank)])), rules.ranks);
  });
});

/** A small sound tree, over which each case lays files of its own. */
const sound: Readonly<Record<string, string>> = {
  "src/core/index.ts": 'export { unreachable } from "./unreachable.js";\n',
  "src/core/unreachable.ts": "export function unreachable(): void {}\n",
  "src/credentials/index.ts": 'export type * from "./types.js";\nexport { key } from "./key.js";\n',
  "src/credentials/types.ts": "export interface Key {}\n",
  "src/credentials/key.ts": 'import {\n  unreachable,\n} from "../core/index.js";\nexport const key = unreachable;\n',
  "src/node/index.ts": 'export { plan } from "./plan.js";\n',
  "src/node/plan.ts": 'import type { Key } from "../credentials/index.js";\nexport const plan = (key: Key) => key;\n',
  "src/registry/index.ts": 'export { dial } from "./dial.js";\n',
  "src/registry/dial.ts": 'import { Agent } from "undici";\nexport const dial = Agent;\n',
};

interface BreachCase {
  readonly name: string;
  readonly given: Readonly<Record<string, string>>;
  readonly want: readonly string[];
}

const breachCases: readonly BreachCase[] = [
  { name: "nothing in a sound tree", given: {}, want: [] },
  {
    name: "an import from a higher rank",
    given: { "src/core/clock.ts": 'import { key } from "../credentials/index.js";\n' },
    want: ["src/core/clock.ts: core (0) must not know credentials (2)"],
  },
  {
    name: "an import from an equal rank",
    given: { "src/workload/ring.ts": 'import type { key } from "../credentials/index.js";\n' },
    want: ["src/workload/ring.ts: workload (2) must not know credentials (2)"],
  },
  {
    name: "an import on several lines",
    given: { "src/core/clock.ts": 'import {\n  type Key,\n  key,\n} from "../credentials/index.js";\n' },
    want: ["src/core/clock.ts: core (0) must not know credentials (2)"],
  },
  {
    name: "a dynamic import from a higher rank",
    given: { "src/core/clock.ts": '  const late = await import("../node/index.js");\n' },
    want: ["src/core/clock.ts: core (0) must not know node (3)"],
  },
  {
    name: "a re-export from a higher rank",
    given: { "src/core/clock.ts": 'export * from "../node/index.js";\n' },
    want: ["src/core/clock.ts: core (0) must not know node (3)"],
  },
  {
    name: "a value where only types may come from",
    given: { "src/registry/token.ts": 'import { key } from "../credentials/index.js";\n' },
    want: ["src/registry/token.ts: only types may come from credentials"],
  },
  {
    name: "a value hidden among inline types",
    given: { "src/registry/token.ts": 'import { type Key } from "../credentials/index.js";\n' },
    want: ["src/registry/token.ts: only types may come from credentials"],
  },
  {
    name: "an import that goes past a folder's face",
    given: { "src/node/trust.ts": 'import { unreachable } from "../core/unreachable.js";\n' },
    want: ["src/node/trust.ts: ../core/unreachable.js goes past core/index.ts"],
  },
  {
    name: "an import of a file that does not exist",
    given: { "src/core/clock.ts": 'import "./gone.js";\n' },
    want: ["src/core/clock.ts: ./gone.js is no file of this project"],
  },
  {
    name: "an import from the tests",
    given: {
      "src/core/clock.ts": 'import { lab } from "../../test/lab.js";\n',
      "test/lab.ts": "export const lab = 1;\n",
    },
    want: ["src/core/clock.ts: ../../test/lab.js is outside src"],
  },
  {
    name: "a package outside its owner, by a path inside it too",
    given: { "src/node/agent.ts": 'import type Agent from "undici/types/agent.js";\n' },
    want: ["src/node/agent.ts: undici belongs to registry, bin"],
  },
  {
    name: "a package that nobody owns",
    given: { "src/node/agent.ts": 'import { got } from "@scope/got/deep";\n' },
    want: ["src/node/agent.ts: @scope/got belongs to nobody"],
  },
  {
    name: "the file system outside the edges",
    given: { "src/node/files.ts": 'import { readFileSync } from "node:fs";\n' },
    want: ["src/node/files.ts: node:fs belongs to bin, certs, cli, config"],
  },
  {
    name: "the machine's clock outside the edges, unless in a comment",
    given: {
      "src/node/now.ts": "export const now = (): number => Date.now();\n",
      "src/node/said.ts": "// Date.now() would be wrong here\n/** Not Date.now() either. */\nexport const said = 1;\n",
    },
    want: ["src/node/now.ts: \\bDate\\.now\\( belongs to bin, certs, cli, config"],
  },
  {
    name: "a ring of files, once",
    given: {
      "src/core/a.ts": 'import { b } from "./b.js";\n',
      "src/core/b.ts": 'import type { c } from "./c.js";\n',
      "src/core/c.ts": 'export { a } from "./a.js";\n',
    },
    want: ["src/core/a.ts: imports itself by way of src/core/b.ts > src/core/c.ts > src/core/a.ts"],
  },
  {
    name: "a long file, the last newline not counted",
    given: { "src/core/long.ts": "\n".repeat(351), "src/core/longest.ts": "\n".repeat(350) },
    want: ["src/core/long.ts: 351 lines, at most 350"],
  },
  {
    name: "a name that says nothing, in tests too",
    given: { "test/support/test-helpers.ts": "", "src/core/common/clock.ts": "" },
    want: [
      'src/core/common/clock.ts: "common" says nothing about what is inside',
      'test/support/test-helpers.ts: "helpers" says nothing about what is inside',
    ],
  },
  {
    name: "a name that is not in kebab case",
    given: { "src/core/fakeClock.ts": "" },
    want: ['src/core/fakeClock.ts: "fakeClock" is not in kebab case'],
  },
  {
    name: "default exports and enums",
    given: { "src/core/a.ts": "export default 1;\n", "src/core/b.ts": "export const enum B { C }\n" },
    want: ["src/core/a.ts: default export", "src/core/b.ts: enum"],
  },
  {
    name: "logic in a folder's face",
    given: { "src/core/index.ts": 'export * from "./unreachable.js";\nexport const one = 1;\n' },
    want: ["src/core/index.ts: holds more than re-exports"],
  },
  {
    name: "a folder without a rank",
    given: { "src/extra/a.ts": "" },
    want: ["src/extra/a.ts: the folder extra has no rank"],
  },
];

describe("the architecture test reports", () => {
  for (const { name, given, want } of breachCases) {
    it(name, () => {
      const tree: SourceTree = new Map(Object.entries({ ...sound, ...given }));
      assert.deepEqual(breachesOf(tree, rules), want);
    });
  }
});
