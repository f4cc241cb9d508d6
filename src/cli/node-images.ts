import * as z from "zod";
import { PullguardError } from "../core/index.js";
import type { NodeState } from "../node/index.js";
import { parseValues } from "./documents.js";
import type { InputText } from "./read-input.js";

/** The kubelet lists so many images at most (`nodeStatusMaxImages`), the largest first. */
const nodeStatusMaxImages = 50;

const size = z.union([z.string().regex(/^\d{1,15}$/), z.number().int().nonnegative()]).transform(Number);

const crictlImages = z.object({
  images: z.array(
    z.object({
      id: z.string(),
      repoTags: z.array(z.string()).nullish(),
      repoDigests: z.array(z.string()).nullish(),
      size: size.nullish(),
    }),
  ),
});

const node = z.object({
  kind: z.literal("Node").optional(),
  metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()).nullish() }),
  status: z.object({
    allocatable: z.record(z.string(), z.union([z.string(), z.number()])).nullish(),
    images: z.array(z.object({ names: z.array(z.string()).nullish(), sizeBytes: size.nullish() })).nullish(),
  }),
});

const nodeList = z.object({ items: z.array(node) });

/** Nodes of a file, and whether these are all that a Pod may land on. */
export interface ListedNodes {
  readonly nodes: readonly NodeState[];
  readonly isWholeCluster: boolean;
}

/**
 * What nodes hold, from `crictl images -o json` on one of them (everything it holds), or from `kubectl get nodes -o json`
 * (the fifty largest images of each).
 * @throws PullguardError `InputInvalid` for anything else
 */
export function parseNodeImages(input: InputText): ListedNodes {
  const [document] = parseValues(input);
  const crictl = crictlImages.safeParse(document?.value);
  if (crictl.success) {
    const images = crictl.data.images.map(({ id, repoTags, repoDigests, size: sizeBytes }) => ({
      names: [...(repoDigests ?? []), ...(repoTags ?? []), id],
      sizeBytes: sizeBytes ?? 0,
    }));
    const nodes = [{ name: `the node of ${input.name}`, labels: {}, images, imagesAreComplete: true }];
    return { nodes, isWholeCluster: false };
  }
  const list = nodeList.safeParse(document?.value);
  const single = node.safeParse(document?.value);
  const nodes = list.success ? list.data.items : single.success ? [single.data] : undefined;
  if (nodes === undefined) {
    throw new PullguardError(
      "InputInvalid",
      `${input.name}: neither the output of crictl images -o json nor of kubectl get nodes -o json`,
    );
  }
  return { nodes: nodes.map(nodeState), isWholeCluster: list.success };
}

function nodeState({ metadata, status }: z.infer<typeof node>): NodeState {
  const storage = storageBytes(status.allocatable?.["ephemeral-storage"]);
  const images = (status.images ?? []).map(({ names, sizeBytes }) => ({
    names: names ?? [],
    sizeBytes: sizeBytes ?? 0,
  }));
  return {
    name: metadata.name,
    labels: metadata.labels ?? {},
    images,
    imagesAreComplete: images.length < nodeStatusMaxImages,
    ...(storage === undefined ? {} : { ephemeralStorageBytes: storage }),
  };
}

const suffixBytes: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** A Kubernetes quantity of bytes; undefined for the rarer spellings. */
function storageBytes(quantity: string | number | undefined): number | undefined {
  const [, amount, suffix = ""] = /^(\d+(?:\.\d+)?)([kMGT]|[KMGT]i)?$/.exec(String(quantity ?? "")) ?? [];
  const bytes = Number(amount) * (suffixBytes[suffix] ?? Number.NaN);
  return Number.isFinite(bytes) ? Math.floor(bytes) : undefined;
}
