import { readFileSync } from "node:fs";
import { stringify } from "yaml";
import { anyShape, definitionOf } from "../support/kube/index.js";
import type { Shell } from "./shell.js";
import { blocksOf } from "./shown.js";

/** A Deployment of one image, as examples have it. */
export function webOf(image: string, over: object = {}): object {
  const labels = { app: "web" };
  return {
    ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" } },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "app", image }] } },
    },
    ...over,
  };
}

/** Files that a page shows with their path in the first line of a block, by path. */
export function shownFiles(page: string): ReadonlyMap<string, string> {
  return new Map(
    blocksOf(page).flatMap(({ language, lines }) => {
      const path = language === "yaml" ? /^# ([\w./-]+\.yaml)\b/.exec(lines[0] ?? "")?.[1] : undefined;
      return path === undefined ? [] : [[path, `${lines.slice(1).join("\n")}\n`] as const];
    }),
  );
}

/** What a reader has who follows the pages: manifests of their own, a login, a copy of a node's files. @param caPem  an authority */
export function writeExamples(shell: Shell, caPem: string): void {
  const sound = stringify(webOf("nginx:1.27"));
  const rollout = webOf("nginx:1.27", { apiVersion: "argoproj.io/v1alpha1", kind: "Rollout" });
  const profile = blocksOf("docs/nodes.md").find(({ lines }) => lines.includes("kind: NodePullProfile"));
  const auths = { "registry.example.com": { auth: Buffer.from("somebody:something").toString("base64") } };
  const files = {
    "deploy/web.yaml": sound,
    "deploy.yaml": sound,
    "rollout.yaml": stringify(rollout),
    // The certificate of the page is an ellipsis.
    "gpu-pool.yaml": (profile?.lines ?? [])
      .filter((line) => !/(BEGIN|END) CERTIFICATE/.test(line))
      .flatMap((line) => (line.trim() === "…" ? indented(caPem, line) : [line]))
      .join("\n"),
    ".docker/config.json": JSON.stringify({ auths }),
    "node/etc/containerd/config.toml": "version = 2\n",
    "overlays/prod/kustomization.yaml": "resources: [web.yaml]\n",
    "overlays/prod/web.yaml": sound,
    "chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "chart/templates/web.yaml": sound,
    "login.yaml": loginSecret(),
    // Of what others install only what makes their kinds known.
    "operator.yaml": definitionsOf("monitoring.coreos.com/v1", ["ServiceMonitor", "PrometheusRule"]),
    "reports.yaml": definitionsOf("wgpolicyk8s.io/v1alpha2", ["PolicyReport", "ClusterPolicyReport"]),
  };
  for (const [path, text] of Object.entries(files)) shell.write(path, text);
  for (const [path, text] of shownFiles("docs/install.md")) shell.write(path, text);
}

function indented(text: string, like: string): readonly string[] {
  const margin = like.slice(0, like.indexOf("…"));
  return text
    .trimEnd()
    .split("\n")
    .map((line) => margin + line);
}

/** The login of the example above as a Secret. */
function loginSecret(): string {
  const auth = Buffer.from("somebody:something").toString("base64");
  const text = JSON.stringify({ auths: { "registry.example.com": { auth } } });
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "login" },
    stringData: { ".dockerconfigjson": text },
  };
  return stringify({ ...secret, type: "kubernetes.io/dockerconfigjson" });
}

function definitionsOf(apiVersion: string, kinds: readonly string[]): string {
  return kinds.map((kind) => stringify(definitionOf(apiVersion, kind, anyShape))).join("---\n");
}

/** The package's own scripts, by name. */
export function npmScripts(): Readonly<Record<string, string>> {
  return (JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> }).scripts;
}
