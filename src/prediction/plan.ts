import type { HostPlan, HostPlanDoubt, NodeConfigIssue, RegistryHost } from "../node/index.js";
import { type ImageReference, parseReference, type ReferenceFault, type ReferenceGrammar } from "../reference/index.js";
import type { PullPolicy } from "../workload/index.js";

/** What the kubelet will do about an image, before any registry is asked. */
export type PullPlan =
  /** `Never`: the image is on the node or the container does not start. */
  | { readonly kind: "no-pull"; readonly reference: ImageReference }
  | { readonly kind: "invalid-name"; readonly fault: ReferenceFault }
  /** Valid for some kubelets only; `grammar` is the one that refuses it. */
  | { readonly kind: "name-depends"; readonly fault: ReferenceFault; readonly grammar: ReferenceGrammar }
  | {
      readonly kind: "hosts-broken";
      readonly reference: ImageReference;
      readonly plan: Extract<HostPlan, { kind: "broken" }>;
    }
  | {
      readonly kind: "hosts-refused";
      readonly reference: ImageReference;
      readonly plan: Extract<HostPlan, { kind: "refused" }>;
    }
  | {
      readonly kind: "pull";
      readonly reference: ImageReference;
      readonly hosts: readonly RegistryHost[];
      readonly issues: readonly NodeConfigIssue[];
      /** A file that decides about the hosts could not be read. */
      readonly partial?: true;
      /** The file that says which hosts there are could not be read: no failure is certain. */
      readonly unseenHosts?: true;
      readonly doubt?: HostPlanDoubt;
    };

export interface PlanInput {
  readonly image: string;
  readonly pullPolicy: PullPolicy;
  /** The runtime's own grammar; the kubelet's is not known, so both are asked. */
  readonly runtimeGrammar: ReferenceGrammar;
  readonly hostsFor: (reference: ImageReference) => HostPlan;
}

/**
 * From an image as written to the hosts that would be asked for it.
 * Source: kubelet image_manager.go (name before policy), containerd `ParseDockerRef`.
 */
export function planPull(input: PlanInput): PullPlan {
  const name = parseForNode(input.image, input.runtimeGrammar);
  if (name.kind !== "reference") return name;
  const { reference } = name;
  if (input.pullPolicy === "Never") return { kind: "no-pull", reference };
  const plan = input.hostsFor(reference);
  if (plan.kind === "broken") return { kind: "hosts-broken", reference, plan };
  if (plan.kind === "refused") return { kind: "hosts-refused", reference, plan };
  const { hosts, issues, partial, unseenHosts, doubt } = plan;
  return {
    kind: "pull",
    reference,
    hosts,
    issues,
    ...(partial && { partial }),
    ...(unseenHosts && { unseenHosts }),
    ...(doubt && { doubt }),
  };
}

type NodeName =
  | { readonly kind: "reference"; readonly reference: ImageReference }
  | Extract<PullPlan, { kind: "invalid-name" | "name-depends" }>;

/**
 * A name must pass the kubelet's grammar and the runtime's. Where the two grammars disagree, an old runtime settles it
 * (it refuses whatever its kubelet thinks); with a new one it depends on the kubelet, which is not known.
 */
function parseForNode(image: string, runtimeGrammar: ReferenceGrammar): NodeName {
  const current = parseReference(image, "current");
  const legacy = parseReference(image, "legacy");
  if (current.kind === "reference" && legacy.kind === "reference")
    return runtimeGrammar === "legacy" ? legacy : current;
  if (current.kind === "invalid" && legacy.kind === "invalid") {
    return { kind: "invalid-name", fault: runtimeGrammar === "legacy" ? legacy.fault : current.fault };
  }
  if (legacy.kind === "invalid") return refusedBy("legacy", legacy.fault, runtimeGrammar);
  return current.kind === "invalid" ? refusedBy("current", current.fault, runtimeGrammar) : current;
}

function refusedBy(grammar: ReferenceGrammar, fault: ReferenceFault, runtimeGrammar: ReferenceGrammar): NodeName {
  return grammar === runtimeGrammar ? { kind: "invalid-name", fault } : { kind: "name-depends", fault, grammar };
}
