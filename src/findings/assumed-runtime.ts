import type { ContentProblem } from "../prediction/index.js";
import type { Diagnosis, DiagnosisContext } from "./diagnosis.js";

/** Faults of an archive that depend on how the runtime takes it: by the layer's type or by its first bytes, or its whiteouts. */
const ownFaults = ["archive/tar: invalid tar header", "invalid whiteout name"];

/**
 * Leaves open what one runtime refuses and another does not mind, where nobody said which runtime the nodes have. What is
 * missing or corrupt is so for all of them.
 */
export function doubtOtherRuntimes(
  diagnosis: Diagnosis,
  problem: ContentProblem,
  { profile }: Pick<DiagnosisContext, "profile">,
): Diagnosis {
  const minds = profile.runtimeIsAssumed === true ? whoMinds(problem) : undefined;
  if (minds === undefined) return diagnosis;
  const message = `${diagnosis.message}; ${minds}, and the nodes' runtime is not known`;
  return { ...diagnosis, firm: false, message };
}

/** Undefined where every runtime refuses. Source: the content rules of each dialect */
function whoMinds(problem: ContentProblem): string | undefined {
  switch (problem.kind) {
    case "blob-size":
    case "size-mismatch":
      return "containerd compares sizes, dockerd and CRI-O do not";
    case "layer-count":
    case "layer-diff-id":
      return "containerd and dockerd compare them, not every release of CRI-O does";
    case "layer-type":
      return "containerd goes by the type, dockerd and CRI-O by the bytes";
    case "layer-unpack":
      return ownFaults.includes(problem.reason) ? "containerd minds, dockerd and CRI-O may not" : undefined;
    case "not-an-image":
      return "some releases of containerd and CRI-O pull it all the same";
    case "unsupported-type":
      return "containerd goes by the type, dockerd and CRI-O may look at what is inside";
    case "schema1":
      return "containerd from 2.1 on refuses it, other runtimes may not";
    case "system-mismatch":
      return "dockerd refuses it, containerd and CRI-O may not";
    case "invalid-digest-header":
      return "containerd and dockerd read it, CRI-O does not";
    case "platform-missing":
      return mayServe(problem.wanted, problem.offered) ? "some runtimes take a near platform for it" : undefined;
    default:
      return undefined;
  }
}

/** Whether some runtime takes one of these: of 32 bits, of another variant of the CPU, or without a platform of its own. */
function mayServe(wanted: string, offered: readonly string[]): boolean {
  const [system, architecture] = wanted.split("/");
  return offered.some((platform) => {
    const [ownSystem = "", ownArchitecture = ""] = platform.toLowerCase().split("/");
    if (ownSystem !== "" && ownSystem !== "unknown" && ownSystem !== system) return false;
    return ["386", "arm", "", "unknown", architecture].includes(ownArchitecture);
  });
}
