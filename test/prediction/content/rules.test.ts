import assert from "node:assert/strict";
import { parseRuntime } from "../../../src/node/index.js";
import { type ConfigDocument, decodeConfig } from "../../../src/oci/index.js";
import { type ContentRules, dialectFor, type ResolvedImage } from "../../../src/prediction/index.js";

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const ociConfig = "application/vnd.oci.image.config.v1+json";
const helm = "application/vnd.cncf.helm.config.v1+json";
const gzip = "application/vnd.oci.image.layer.v1.tar+gzip";
const chart = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const dockerZstd = "application/vnd.docker.image.rootfs.diff.tar.zstd";

interface Given {
  readonly runtime: string;
  readonly config?: string;
  readonly layers: readonly string[];
  readonly diffIds?: number;
  readonly configText?: string;
  /** The manifest says that it is one. */
  readonly artifact?: true;
}

function imageOf({ config = ociConfig, layers, artifact }: Given): ResolvedImage {
  return {
    manifestDigest: digest("a"),
    config: { mediaType: config, digest: digest("b"), sizeBytes: 10 },
    layers: layers.map((mediaType) => ({ mediaType, digest: digest("c"), sizeBytes: 10 })),
    ...(artifact && { artifactType: config }),
  };
}

function configOf({ diffIds = 0, configText }: Given): ConfigDocument {
  const rootfs = { type: "layers", diff_ids: Array.from({ length: diffIds }, () => digest("d")) };
  return decodeConfig(Buffer.from(configText ?? JSON.stringify({ os: "linux", architecture: "amd64", rootfs })));
}

function rulesOf(runtime: string): ContentRules {
  return dialectFor({ runtime: parseRuntime(runtime), settings: {} }).content;
}

/** `fine`, the kind of the problem, or `kind?` where it is doubted; then the advices. */
function judged(given: Given): string {
  const rules = rulesOf(given.runtime);
  const image = imageOf(given);
  const plan = rules.plan(image);
  const problem = plan.problem ?? rules.judgeConfig(image, configOf(given));
  if (problem === undefined) return ["fine", ...plan.advices.map(({ kind }) => kind)].join(" ");
  return problem.kind === "doubtful" ? `${problem.problem.kind}?` : problem.kind;
}

const table: readonly (Given & { readonly name: string; readonly want: string })[] = [
  { name: "an image", runtime: "containerd://1.6.20", layers: [gzip, gzip], diffIds: 2, want: "fine" },
  { name: "an image without layers", runtime: "containerd://1.6.20", layers: [], want: "fine" },
  { name: "too few diff ids", runtime: "containerd://2.2.7", layers: [gzip, gzip], diffIds: 1, want: "layer-count" },
  {
    name: "a config that is none",
    runtime: "containerd://2.2.7",
    layers: [gzip],
    configText: "<",
    want: "config-unreadable",
  },
  { name: "a chart, old", runtime: "containerd://1.6.20", config: helm, layers: [chart], want: "not-an-image" },
  { name: "a chart", runtime: "containerd://1.6.25", config: helm, layers: [chart], want: "fine artifact" },
  { name: "a chart", runtime: "containerd://1.7.13", config: helm, layers: [chart], want: "fine artifact" },
  { name: "a chart", runtime: "containerd://2.2.7", config: helm, layers: [chart], want: "fine artifact" },
  { name: "an artifact of layers", runtime: "containerd://1.7.13", config: helm, layers: [gzip], want: "not-an-image" },
  { name: "an artifact of layers", runtime: "containerd://2.2.7", config: helm, layers: [gzip], want: "fine artifact" },
  {
    name: "a layer of a type beside known ones",
    runtime: "containerd://1.7.13",
    layers: [gzip, "application/wasm"],
    diffIds: 1,
    want: "fine",
  },
  { name: "Docker's zstd", runtime: "containerd://1.7.13", layers: [dockerZstd], diffIds: 1, want: "layer-count" },
  { name: "Docker's zstd", runtime: "containerd://2.0.0", layers: [dockerZstd], diffIds: 1, want: "fine" },
  {
    name: "an unknown layer of OCI",
    runtime: "containerd://1.7.13",
    layers: ["application/vnd.oci.image.layer.v2.tar"],
    diffIds: 1,
    want: "layer-type",
  },
  {
    name: "an encrypted layer",
    runtime: "containerd://1.7.13",
    layers: [`${gzip}+encrypted`],
    diffIds: 1,
    want: "layer-type?",
  },
  { name: "a chart", runtime: "docker://20.10.24", config: helm, layers: [chart], want: "not-an-image" },
  { name: "a foreign layer", runtime: "docker://20.10.24", layers: ["application/wasm"], want: "layer-type" },
  {
    name: "an image for windows",
    runtime: "docker://20.10.24",
    layers: [],
    configText: '{"os":"windows","rootfs":{"diff_ids":[]}}',
    want: "system-mismatch",
  },
  { name: "no rootfs", runtime: "docker://20.10.24", layers: [], configText: "{}", want: "config-unreadable" },
  { name: "a chart", runtime: "podman://4.3.1", config: helm, layers: [chart], artifact: true, want: "not-an-image" },
  { name: "a chart", runtime: "cri-o://1.24.0", config: helm, layers: [chart], artifact: true, want: "not-an-image?" },
  { name: "a chart", runtime: "cri-o://1.33.0", config: helm, layers: [chart], artifact: true, want: "fine artifact" },
  {
    name: "a Docker config of a strange type",
    runtime: "podman://4.3.1",
    config: "text/html",
    layers: [],
    want: "fine",
  },
  { name: "too few diff ids", runtime: "podman://4.3.1", layers: [gzip, gzip], diffIds: 1, want: "fine" },
];

describe("what a runtime makes of a manifest and its config", () => {
  for (const given of table) {
    it(`${given.runtime}: ${given.name} is ${given.want}`, () => assert.equal(judged(given), given.want));
  }
});
