import fc from "fast-check";
import { type ImageDraft, imageDraft, type LayerDraft, layerDraft } from "../support/damaged-image.js";
import { digestOf } from "../support/lab/index.js";

/** One image with one damage (or none), and what was done to it. */
export interface DamagedImage {
  readonly name: string;
  readonly draft: ImageDraft;
}

/** Numbers from which a damage takes its places and values, each from 0 to below 1. */
type Dice = readonly number[];
type Damage = (draft: ImageDraft, dice: Dice, layer: LayerDraft) => void;

const pick = <T>(from: readonly T[], dice: number | undefined): T => {
  const chosen = from[Math.floor((dice ?? 0) * from.length)] ?? from[0];
  if (chosen === undefined) throw new RangeError("nothing to choose from");
  return chosen;
};
const between = (low: number, high: number, dice: number | undefined): number =>
  Math.floor(low + (dice ?? 0) * (high - low));

function flipped(bytes: Buffer, [where, bit]: Dice): Buffer {
  const copy = Buffer.from(bytes);
  const at = between(0, copy.length, where);
  copy[at] = (copy[at] ?? 0) ^ (1 << between(0, 8, bit));
  return copy;
}

const truncated = (bytes: Buffer, [where]: Dice): Buffer => bytes.subarray(0, between(1, bytes.length, where));

/** A flip in the first headers of the archive, where it is more likely to matter than in a file. */
function flippedHeader(tar: Buffer, [where, bit, block]: Dice): Buffer {
  const at = between(0, 3, block) * 512;
  return Buffer.concat([
    tar.subarray(0, at),
    flipped(tar.subarray(at, at + 512), [where ?? 0, bit ?? 0]),
    tar.subarray(at + 512),
  ]);
}

const otherTypes = [
  "application/vnd.oci.image.layer.v1.tar",
  "application/vnd.oci.image.layer.v1.tar+gzip",
  "application/vnd.oci.image.layer.v1.tar+zstd",
  "application/vnd.oci.image.layer.v1.tar+bzip2",
  "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
  "application/vnd.oci.image.layer.v2.tar+gzip",
  "application/vnd.oci.image.layer",
  "application/vnd.docker.image.rootfs.diff.tar",
  "application/vnd.docker.image.rootfs.diff.tar.gzip",
  "application/vnd.docker.image.rootfs.diff.tar.zstd",
  "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
  "application/vnd.docker.image.rootfs.diff.tar.gzip+extra",
  "application/vnd.oci.image.config.v1+json",
  "application/octet-stream",
  "application/wasm",
  "",
];

const configTypes = [
  "application/vnd.docker.container.image.v1+json",
  "application/vnd.cncf.helm.config.v1+json",
  "application/vnd.oci.empty.v1+json",
  "application/json",
  "",
];

const configChanges: readonly Readonly<Record<string, unknown>>[] = [
  { os: 7 },
  { architecture: "arm64" },
  { os: "windows" },
  { created: "yesterday" },
  { created: "2024-01-01T00:00:00Z" },
  { rootfs: null },
  { rootfs: { type: "other", diff_ids: [] } },
  { config: { Env: "A=B" } },
  { config: { ExposedPorts: { "80/tcp": {} }, Labels: { a: "b" } } },
  { config: { Labels: { a: 1 } } },
  { history: [{ created: "2024-01-01T00:00:00Z", empty_layer: "yes" }] },
];

/** What may happen to an image on its way from the builder to the node. */
const damages: Readonly<Record<string, Damage>> = {
  none: () => undefined,
  "layer flipped in the store": (_draft, dice, layer) => layer.afterDigest.push((bytes) => flipped(bytes, dice)),
  "layer cut in the store": (_draft, dice, layer) => layer.afterDigest.push((bytes) => truncated(bytes, dice)),
  "layer grown in the store": (_draft, _dice, layer) =>
    layer.afterDigest.push((bytes) => Buffer.concat([bytes, Buffer.from("more")])),
  "layer flipped by the builder": (_draft, dice, layer) => layer.beforeDigest.push((bytes) => flipped(bytes, dice)),
  "layer cut by the builder": (_draft, dice, layer) => layer.beforeDigest.push((bytes) => truncated(bytes, dice)),
  "layer grown by the builder": (_draft, _dice, layer) =>
    layer.beforeDigest.push((bytes) => Buffer.concat([bytes, Buffer.from("more")])),
  "archive flipped, all digests right": (_draft, dice, layer) => {
    layer.tar = flipped(layer.tar, dice);
  },
  "archive's headers flipped, all digests right": (_draft, dice, layer) => {
    layer.tar = flippedHeader(layer.tar, dice);
  },
  "archive cut, all digests right": (_draft, dice, layer) => {
    layer.tar = truncated(layer.tar, dice);
  },
  "archive changed after the config": (_draft, dice, layer) => {
    layer.diffId = digestOf(layer.tar);
    layer.tar = flipped(layer.tar, dice);
  },
  "no archive at all": (_draft, dice, layer) => {
    layer.tar = Buffer.from("this is no archive\n".repeat(between(1, 100, dice[0])));
  },
  "empty archive": (_draft, _dice, layer) => {
    layer.tar = Buffer.alloc(1024);
  },
  "wrong size": (_draft, dice, layer) => {
    layer.size = pick([1, 7, 511, 100_000, 0], dice[0]);
  },
  "wrong config size": (draft, dice) => {
    draft.configSize = pick([1, 50, 100_000, 0], dice[0]);
  },
  "swapped diff ids": (draft) => {
    draft.diffIds = (ids) => [...ids].reverse();
  },
  "a diff id too few": (draft) => {
    draft.diffIds = (ids) => ids.slice(1);
  },
  "a diff id too many": (draft) => {
    draft.diffIds = (ids) => [...ids, `sha256:${"1".repeat(64)}`];
  },
  "layer missing": (_draft, _dice, layer) => {
    layer.missing = true;
  },
  "config missing": (draft) => {
    draft.configMissing = true;
  },
  "other layer type": (_draft, dice, layer) => {
    layer.mediaType = pick(otherTypes, dice[0]);
  },
  "other config type": (draft, dice) => {
    draft.configType = pick(configTypes, dice[0]);
  },
  "config flipped in the store": (draft, dice) => void draft.servedConfig.push((bytes) => flipped(bytes, dice)),
  "config flipped by the builder": (draft, dice) => void draft.configBytes.push((bytes) => flipped(bytes, dice)),
  "config cut by the builder": (draft, dice) => void draft.configBytes.push((bytes) => truncated(bytes, dice)),
  "config with other fields": (draft, dice) => void Object.assign(draft.config, pick(configChanges, dice[0])),
  "manifest flipped": (draft, dice) => void draft.manifestBytes.push((bytes) => flipped(bytes, dice)),
  "manifest cut": (draft, dice) => void draft.manifestBytes.push((bytes) => truncated(bytes, dice)),
};

/** Kinds of damage, so that a run can be asked to have each at least once. */
export const damageKinds = Object.keys(damages);

const diceRoll = fc.array(fc.double({ min: 0, max: 0.999_999, noNaN: true }), { minLength: 4, maxLength: 4 });
const packings = fc.array(fc.constantFrom("gzip", "zstd", "plain"), { minLength: 1, maxLength: 3 });

/**
 * Damaged images, the same for the same seed: every kind of damage in turn, places and values at random.
 * @param salt keeps their bytes apart from those of other runs
 */
export function damagedImages(seed: number, count: number): readonly DamagedImage[] {
  const rolls = fc.sample(fc.tuple(diceRoll, packings), { seed, numRuns: count });
  return rolls.map(([dice, packed], index) => {
    const kind = damageKinds[index % damageKinds.length] ?? "none";
    const layers = packed.map((packing, place) => layerDraft(`${seed} ${index} ${place}`, packing));
    const draft = imageDraft(layers);
    const layer = pick(layers, dice[3]);
    damages[kind]?.(draft, dice, layer);
    return { name: `${index} ${kind} (${packed.join(", ")})`, draft };
  });
}
