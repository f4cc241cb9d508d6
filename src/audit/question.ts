import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { normalisedReference, parseReference } from "../reference/index.js";
import type { ImageUse, PodPullSpec, Workload, WorkloadIdentity } from "../workload/index.js";

/** An image as registries are asked for it. `registry`: its domain, "" for what is no image name. */
export interface AskedImage {
  /** Normalised, or as written where it is no valid name. */
  readonly image: string;
  readonly registry: string;
  /** Has a tag and no digest, so that it may come to mean another image. */
  readonly isTag: boolean;
}

/** What of an image name decides where it is asked for. */
export function askedImage(written: string): AskedImage {
  const parsed = parseReference(written, "current");
  if (parsed.kind !== "reference") return { image: written, registry: "", isTag: false };
  const { reference } = parsed;
  const image = normalisedReference(reference);
  return { image, registry: reference.domain, isTag: reference.digest === undefined };
}

/** Names for what is asked. What was worked out for a spec is kept for as long as the spec is. */
export interface QuestionNames {
  asked(written: string): AskedImage;
  /**
   * Names a question: whoever asks for the same image with the same Secrets for the same nodes gets the same name. 16
   * characters of base64url, so that state can hold a hundred thousand of them.
   */
  key(namespace: string, spec: PodPullSpec, use: Pick<ImageUse, "image" | "pullPolicy">): string;
}

const maxImageNames = 50_000;

export function questionNames(): QuestionNames {
  const images = new LRUCache<string, AskedImage>({ max: maxImageNames });
  const specs = new WeakMap<PodPullSpec, { readonly text: string; readonly keys: Map<string, string> }>();
  const knownOf = (spec: PodPullSpec) => {
    const before = specs.get(spec);
    if (before !== undefined) return before;
    const { images: _, nodeSelector, ...rest } = spec;
    const text = JSON.stringify([Object.entries(rest).sort(), Object.entries(nodeSelector).sort()]);
    const made = { text, keys: new Map<string, string>() };
    specs.set(spec, made);
    return made;
  };
  return {
    asked(written) {
      const known = images.get(written) ?? askedImage(written);
      images.set(written, known);
      return known;
    },
    key(namespace, spec, { image, pullPolicy }) {
      const { text, keys } = knownOf(spec);
      const place = `${pullPolicy === "Never" ? "never" : "pulls"}\n${image}\n${namespace}`;
      const before = keys.get(place);
      if (before !== undefined) return before;
      const key = createHash("sha256").update(`${place}\n${text}`).digest("base64url").slice(0, 16);
      keys.set(place, key);
      return key;
    },
  };
}

/**
 * The workload to ask the engine about: one image, as the kubelet of a node that lacks it would pull it. With `Always` no
 * node's images are looked at; `Never` stays, as then nobody pulls.
 */
export function askedWorkload(workload: WorkloadIdentity, spec: PodPullSpec, use: ImageUse): Workload {
  const pullPolicy = use.pullPolicy === "Never" ? "Never" : "Always";
  return { identity: workload, pod: { ...spec, images: [{ ...use, pullPolicy }] } };
}
