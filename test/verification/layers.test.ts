import assert from "node:assert/strict";
import type { Finding } from "../../src/findings/index.js";
import {
  type ImageDraft,
  imageDraft,
  type LayerDraft,
  layerDraft,
  repositoryOf,
  zstdOf,
} from "../support/damaged-image.js";
import { createEngine } from "../support/engine.js";
import { type Behaviour, contentOf, type Lab, secure, startLab, type TarEntry } from "../support/lab/index.js";

const big: readonly TarEntry[] = [{ name: "opt/big", body: Buffer.alloc(400_000, "many bytes that compress badly? ") }];
const draft = (
  change: (layer: LayerDraft, image: ImageDraft) => void = () => undefined,
  packing: LayerDraft["packing"] = "gzip",
): ImageDraft => {
  const layers = [layerDraft("below"), layerDraft("above", packing, packing === "plain" ? big : undefined)];
  const image = imageDraft(layers);
  const [, above] = layers;
  if (above !== undefined) change(above, image);
  return image;
};

/** Repositories of the laboratory, each an image with the tag v1. */
const images: Readonly<Record<string, ImageDraft>> = {
  sound: draft(),
  plain: draft(undefined, "plain"),
  zstd: draft(undefined, "zstd"),
  mislabelled: draft((layer) => {
    layer.packing = "zstd";
  }),
  "zeros-behind": draft((layer) => layer.beforeDigest.push((bytes) => Buffer.concat([bytes, Buffer.alloc(100)]))),
  "two-members": draft((layer) => {
    layer.packing = "zstd";
    layer.beforeDigest.push(() => Buffer.concat([zstdOf(layer.tar.subarray(0, 700)), zstdOf(layer.tar.subarray(700))]));
  }),
  "huge-window": draft((layer) => {
    layer.packing = "zstd";
    // The second frame wants a gigabyte.
    layer.beforeDigest.push((bytes) => Buffer.concat([bytes, Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0xa0, 1, 0, 0])]));
  }),
  "noise-behind": draft((layer) => {
    layer.packing = "zstd";
    layer.beforeDigest.push((bytes) => Buffer.concat([bytes, Buffer.from("noise behind the last frame")]));
  }),
  escaping: draft((layer) => {
    layer.tar = layerDraft("x", "gzip", [{ name: "../../etc/passwd", body: Buffer.from("x") }]).tar;
  }),
  foreign: draft((_layer, image) =>
    image.manifestBytes.push((bytes) => {
      const manifest = JSON.parse(bytes.toString()) as { layers: object[] };
      const layers = manifest.layers.map((one) => ({ ...one, urls: ["https://elsewhere.test/blob"] }));
      return Buffer.from(JSON.stringify({ ...manifest, layers }));
    }),
  ),
  swapped: draft((_layer, image) => {
    image.diffIds = (ids) => [...ids].reverse();
  }),
};

function registry(host: string, ...behaviours: readonly Behaviour[]) {
  const content = contentOf(new Map(Object.entries(images).map(([name, image]) => [name, repositoryOf(image)])));
  return { ...secure(host, behaviours), content };
}

describe("whole layers", () => {
  let lab: Lab;

  before(async () => {
    const registries = [
      registry("ok.test"),
      registry("cut.test", { kind: "cut-layers", afterBytes: 150_000, times: 3 }),
      registry("cutstart.test", { kind: "cut-layers", afterBytes: 150_000, times: 3 }, { kind: "no-ranges" }),
      registry("cutalways.test", { kind: "cut-layers", afterBytes: 0, times: 100 }),
      registry("closed.test", { kind: "blob-method-status", method: "HEAD", status: 403 }),
      registry("cdn.test"),
      registry("redirected.test", { kind: "blob-redirect", to: "https://cdn.test" }),
      registry("drip.test", { kind: "drip", bytesPerSecond: 64 }),
    ];
    lab = await startLab({ ports: "ephemeral", registries });
  });

  beforeEach(() => lab.reset());
  after(() => lab.stop());

  async function verify(
    image: string,
    values: { readonly deadlineMs?: number; readonly others?: readonly string[] } = {},
  ): Promise<Finding> {
    const engine = createEngine({
      lab,
      nodeFiles: lab.nodeFiles,
      runtime: "containerd://1.7.13",
      platform: "linux/amd64",
      verify: true,
    });
    try {
      const others = (values.others ?? []).map((other, index) => ({
        name: `other${index}`,
        image: other,
        imagePullPolicy: "Always",
      }));
      return await engine.checkImage(image, {
        ...values,
        ...(others.length === 0 ? {} : { spec: { initContainers: others } }),
      });
    } finally {
      await engine.close();
    }
  }

  const layersAsked = (host: string): number =>
    lab.requestsOf(host).filter(({ method, path }) => method === "GET" && path.includes("/blobs/")).length;

  for (const { image, want, cause } of [
    { image: "ok.test/sound:v1", want: "pullable", cause: null },
    { image: "ok.test/plain:v1", want: "pullable", cause: null },
    { image: "ok.test/zstd:v1", want: "pullable", cause: null },
    { image: "ok.test/mislabelled:v1", want: "pullable", cause: null },
    { image: "ok.test/two-members:v1", want: "pullable", cause: null },
    { image: "ok.test/huge-window:v1", want: "unknown", cause: "LayersUnverified" },
    { image: "ok.test/noise-behind:v1", want: "unpullable", cause: "LayerUnreadable" },
    { image: "ok.test/escaping:v1", want: "pullable", cause: null },
    { image: "ok.test/zeros-behind:v1", want: "unknown", cause: "LayerUnreadable" },
    { image: "ok.test/foreign:v1", want: "unknown", cause: "LayersUnverified" },
    { image: "ok.test/swapped:v1", want: "unpullable", cause: "LayerDiffIdMismatch" },
    { image: "cut.test/plain:v1", want: "pullable", cause: null },
    { image: "cutstart.test/plain:v1", want: "pullable", cause: null },
    { image: "cutalways.test/plain:v1", want: "unknown", cause: "LayersUnverified" },
    { image: "closed.test/sound:v1", want: "pullable", cause: null },
    { image: "redirected.test/sound:v1", want: "pullable", cause: null },
  ]) {
    it(`of ${image} leave it ${want}${cause === null ? "" : `: ${cause}`}`, async () => {
      const finding = await verify(image);
      assert.equal(finding.verdict, want, finding.message);
      assert.equal(finding.cause, cause);
    });
  }

  it("are told by number and digest, with what differs", async () => {
    const finding = await verify("ok.test/swapped:v1");
    assert.match(
      finding.message,
      /layer 1 of 2 \(sha256:[0-9a-f]{12}…\) unpacks to sha256:\w+…, the config lists sha256:\w+…/,
    );
  });

  it("are taken up again where the connection broke off", async () => {
    assert.equal((await verify("cut.test/plain:v1")).verdict, "pullable");
    // The config, the first layer, and the second in three parts.
    assert.equal(layersAsked("cut.test"), 5);
  });

  it("are read once, however many images share them", async () => {
    await verify("ok.test/sound:v1", { others: ["ok.test/swapped:v1"] });
    // Two configs, and the two layers that both images have.
    assert.equal(layersAsked("ok.test"), 4);
  });

  it("tell of names that lead out of the image", async () => {
    const { advisories } = await verify("ok.test/escaping:v1");
    assert.deepEqual(
      advisories?.map(({ cause }) => cause),
      ["LayerPathEscapes"],
    );
  });

  it("are unknown when time runs out", async () => {
    const finding = await verify("drip.test/sound:v1", { deadlineMs: 300 });
    assert.equal(finding.verdict, "unknown");
    assert.equal(finding.cause, "LayersUnverified");
  });
});
