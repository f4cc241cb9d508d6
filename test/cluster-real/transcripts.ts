import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { pullSecret } from "./objects.js";
import { quietly, type World } from "./world.js";

const page = "docs/kubectl.md";
const image = "ok.test/team/app:v9";

/** One thing that a person does under one PullguardConfig, and what kubectl prints. */
interface Scene {
  readonly title: string;
  readonly words: string;
  /** `spec` of the PullguardConfig; absent: there is none. */
  readonly config?: object;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
  /** The image of the Deployment, where it is another. */
  readonly image?: string;
  /** A Secret for basic.test that the namespace has. */
  readonly secret?: string;
  /** What is looked at afterwards, as a JSONPath. */
  readonly look?: string;
}

const deny = { defaults: { unpullable: ["Deny"] } };
const exempt = (expires: string) => ({
  ...deny,
  exemptions: [
    { name: "next-release", match: { images: ["ok.test/team/*"] }, reason: "pushed by the release job", expires },
  ],
});

const scenes: readonly Scene[] = [
  { title: "Warn", words: "Without a PullguardConfig everything is admitted, and warned of." },
  { title: "Deny", words: "", config: deny },
  { title: "Deny, server-side apply", words: "", config: deny, flags: ["--server-side"] },
  { title: "Deny, dry run", words: "A dry run gets the same verdict.", config: deny, flags: ["--dry-run=server"] },
  {
    title: "Deny in production only",
    words: "The namespace has the label `tier: prod`.",
    config: {
      rules: [{ name: "prod", match: { namespaceSelector: { matchLabels: { tier: "prod" } } }, actions: ["Deny"] }],
    },
    labels: { tier: "prod" },
  },
  {
    title: "Audit",
    words: "The finding is in the API server's audit log.",
    config: { defaults: { unpullable: ["Audit"] } },
  },
  { title: "Deny by a namespace's label", words: "", labels: { "pullguard.dev/mode": "deny" } },
  { title: "Warn by a namespace's label", words: "", config: deny, labels: { "pullguard.dev/mode": "warn" } },
  { title: "Off by a namespace's label", words: "", config: deny, labels: { "pullguard.dev/mode": "off" } },
  { title: "Exempt", words: "", config: exempt("2999-12-31") },
  { title: "Exempt until it expired", words: "", config: exempt("2001-01-01") },
  {
    title: "Skipped by an annotation",
    words: 'The Deployment has the annotation `pullguard.dev/skip: "TagNotFound: pushed by the next job"`.',
    annotations: { "pullguard.dev/skip": "TagNotFound: pushed by the next job" },
  },
  {
    title: "Mutation: a digest for a tag",
    words:
      "The Deployment wants `ok.test/team/app:v1`. The mutating webhook changes it, the validating one sees what it has become.",
    config: { ...deny, mutations: { pinDigest: {} } },
    image: "ok.test/team/app:v1",
    look: "{.spec.template.spec.containers[0].image}",
  },
  {
    title: "Mutation: a pull secret",
    words:
      "The Deployment wants `basic.test/team/app:v1`, a private image; the namespace has the Secret `login`, which opens it.",
    config: { ...deny, mutations: { addPullSecret: {} } },
    image: "basic.test/team/app:v1",
    secret: "login",
    look: "{.spec.template.spec.imagePullSecrets}",
  },
  {
    title: "Mutation: dry run",
    words: "A dry run tells of the same changes, and stores nothing.",
    config: { ...deny, mutations: { addPullSecret: {}, pinDigest: {}, setPullPolicy: { digest: "Always" } } },
    image: "basic.test/team/app:v1",
    secret: "login",
    flags: ["--dry-run=server"],
  },
  {
    title: "Mutation: nothing that helps",
    words: "No change makes the missing tag one that is there.",
    config: { ...deny, mutations: { addPullSecret: {}, pinDigest: {}, useMirror: {} } },
  },
  {
    title: "A PullguardConfig that is not valid",
    words: "",
    config: { rules: [{ name: "one", match: { causes: ["TagNotFond"], images: ["nginx"] }, actions: ["Deny"] }] },
  },
];

const head = `# What people see

What kubectl prints, taken down by \`npm run test:cluster\` with a real API server; the test fails when this page is out of date, and
\`PULLGUARD_WRITE_DOCS=1\` writes it anew. The Deployment \`web\` wants ${image}, a tag that does not exist,
unless something else is said. Mutations need the component that [install.md](install.md#mutation) describes.
`;

/** @param use  puts a PullguardConfig in force, or none */
export function transcriptTests(
  world: () => World,
  program: () => string | undefined,
  label: Readonly<Record<string, string>>,
  use: (spec: object | undefined) => Promise<void>,
): void {
  it("shows in kubectl what the docs say", async function () {
    const path = program();
    if (path === undefined) this.skip();
    const { kube, namespace } = world();
    const folder = mkdtempSync(join(kube.folder, "transcripts-"));
    const kubeconfig = kube.writeKubeconfig("admin", kube.adminAccess);
    const told: string[] = [head];
    for (const [index, scene] of scenes.entries()) {
      const name = await namespace({ name: `transcript-${index}`, labels: { ...label, ...scene.labels } });
      const isConfig = scene === scenes.at(-1);
      await use(isConfig ? undefined : scene.config);
      if (scene.secret !== undefined) await quietly(world().admin.apply(pullSecret(name, scene.secret)));
      const ask = (...args: readonly string[]): Promise<string> =>
        kubectl(path, ["--kubeconfig", kubeconfig, ...args], folder);
      told.push(section(scene, await played(scene, isConfig, name, folder, ask)));
    }
    const text = told.join("\n");
    if (process.env.PULLGUARD_WRITE_DOCS === "1") writeFileSync(page, text);
    assert.equal(text, readFileSync(page, "utf8"));
  });
}

/** What stands in a terminal after a scene, the namespace called `shop`. */
async function played(
  scene: Scene,
  isConfig: boolean,
  namespace: string,
  folder: string,
  ask: (...args: readonly string[]) => Promise<string>,
): Promise<string> {
  const head = { apiVersion: "pullguard.dev/v1", kind: "PullguardConfig", metadata: { name: "default" } };
  writeFileSync(join(folder, "web.yaml"), stringify(web(scene)));
  writeFileSync(join(folder, "config.yaml"), stringify({ ...head, spec: scene.config }));
  const { flags = [], look } = scene;
  const args = isConfig ? ["-f", "config.yaml"] : ["-n", namespace, "-f", "web.yaml", ...flags];
  const output = await ask("apply", ...args);
  const applied = `$ kubectl apply ${args.join(" ")}\n${output}`;
  const get = ["get", "deployment", "web", "-n", namespace, "-o"];
  const looked =
    look === undefined ? "" : `$ kubectl ${get.join(" ")} jsonpath='${look}'\n${await ask(...get, `jsonpath=${look}`)}`;
  return (applied + looked).replaceAll(namespace, "shop");
}

function section({ title, words, config }: Scene, transcript: string): string {
  const yaml = config === undefined ? [] : ["```yaml", stringify({ spec: config }).trimEnd(), "```", ""];
  const intro = words === "" ? [] : [words, ""];
  return [`## ${title}`, "", ...intro, ...yaml, "```console", transcript.trimEnd(), "```", ""].join("\n");
}

function web({ annotations, image: wanted = image }: Scene): object {
  const labels = { app: "web" };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", ...(annotations === undefined ? {} : { annotations }) },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "app", image: wanted }] } },
    },
  };
}

/** What a terminal shows: what kubectl says on its way, then what became of it. */
function kubectl(program: string, args: readonly string[], folder: string): Promise<string> {
  const env = { PATH: process.env.PATH ?? "/usr/bin:/bin", HOME: folder };
  return new Promise((resolve) => {
    execFile(program, args, { env, cwd: folder, timeout: 60_000 }, (_error, stdout, stderr) =>
      resolve(stderr + stdout),
    );
  });
}
