import type { NodeState } from "../../node/index.js";
import { type ImageReference, parseReference, runtimeReference } from "../../reference/index.js";

/** On which of the listed nodes an image is; names of nodes in their order. */
export interface Presence {
  readonly on: readonly string[];
  readonly missing: readonly string[];
  /** Not listed there, but the list may be incomplete. */
  readonly unsure: readonly string[];
}

/** An image as presence is asked for. */
export interface AskedImage {
  readonly reference: ImageReference;
  /** The runtime looks a name without a registry up by rules of its own, so that its absence from a list proves nothing. */
  readonly resolvesShortNames: boolean;
}

/** Looks images up on nodes; a node's list is read once for as long as it is the same list. */
export interface PresenceIndex {
  presenceOn(nodes: readonly NodeState[], image: AskedImage): Presence;
}

/** The kubelet reports at most so many names of one image. Source: Kubernetes pkg/kubelet/nodestatus/setters.go, 1.36. */
const namesPerImage = 5;

interface ListedNames {
  readonly names: ReadonlySet<string>;
  /** Some of an image's names may have been left out. */
  readonly isCut: boolean;
}

/**
 * Whether nodes hold an image, by the name under which the runtime stores it: `repository@digest` where there is a digest
 * (the tag beside it plays no part), else `repository:tag`; an image written as `sha256:…` also by its id.
 * Source: containerd internal/cri/server/images/service.go `LocalResolve`, 2.2; reference `ParseDockerRef`.
 */
export function createPresenceIndex(): PresenceIndex {
  // By list and not by node: the object of a node that is watched stays, and its list is another with each pull.
  const known = new WeakMap<NodeState["images"], ListedNames>();
  const namesOf = ({ images }: NodeState): ListedNames => {
    const before = known.get(images);
    if (before !== undefined) return before;
    const made = readNames(images);
    known.set(images, made);
    return made;
  };
  return {
    presenceOn(nodes, { reference, resolvesShortNames }) {
      const name = runtimeReference(reference);
      const isShort = !isQualified(reference);
      const found: { on: string[]; missing: string[]; unsure: string[] } = { on: [], missing: [], unsure: [] };
      for (const node of nodes) {
        const { names, isCut } = namesOf(node);
        const isComplete = node.imagesAreComplete && !isCut;
        if (names.has(name) || names.has(reference.written)) found.on.push(node.name);
        else if (isComplete && !(resolvesShortNames && isShort)) found.missing.push(node.name);
        else found.unsure.push(node.name);
      }
      return found;
    },
  };
}

function readNames(images: NodeState["images"]): ListedNames {
  const names = new Set<string>();
  for (const image of images) {
    for (const name of image.names) {
      if (/^sha256:[0-9a-f]{64}$/.test(name)) names.add(name);
      const parsed = parseReference(name, "current");
      // dockerd lists `nginx:1.27`, the others `docker.io/library/nginx:1.27`: one name either way.
      if (parsed.kind === "reference") names.add(runtimeReference(parsed.reference));
    }
  }
  // Five names may be the first five of more; whoever lists six does not cut.
  const isCut = images.some(({ names: own }) => own.length === namesPerImage);
  return { names, isCut };
}

function isQualified({ written, domain }: ImageReference): boolean {
  return written.startsWith(`${domain}/`) || written.startsWith("index.docker.io/");
}
