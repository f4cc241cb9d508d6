import type { PullPlan } from "../prediction/index.js";
import { causeEntry } from "./catalogue.js";
import type { Diagnosis } from "./diagnosis.js";

type NamePlan = Extract<PullPlan, { kind: "invalid-name" | "name-depends" }>;

/** A name that the grammar refuses, with the correction where one is obvious. */
export function diagnoseName(image: string, plan: NamePlan): Diagnosis {
  const shown = image.length > 100 ? `${image.slice(0, 100)}…` : image;
  if (plan.kind === "name-depends") {
    return {
      cause: "ImageNameDependsOnNode",
      message: `${plan.grammar === "legacy" ? "older" : "newer"} kubelets and runtimes cannot parse ${JSON.stringify(shown)}: ${plan.fault.message}`,
      fix: causeEntry("ImageNameDependsOnNode").fix,
      firm: false,
    };
  }
  return {
    cause: "InvalidImageName",
    message: `couldn't parse image reference ${JSON.stringify(shown)}: ${plan.fault.message}`,
    fix: correction(image) ?? causeEntry("InvalidImageName").fix,
    firm: true,
  };
}

function correction(image: string): string | undefined {
  const scheme = /^https?:\/\//i.exec(image)?.[0];
  if (scheme !== undefined) return `Remove ${scheme} from the image name.`;
  if (image !== image.trim()) return "Remove the spaces around the image name.";
  if (/[A-Z]/.test(image) && image.length <= 255)
    return `Write the repository path in lower case: ${lowerPath(image)}.`;
  return undefined;
}

/** Tags may have upper case, paths may not. */
function lowerPath(image: string): string {
  const end = /[:@][^/]*$/.exec(image)?.index ?? image.length;
  return image.slice(0, end).toLowerCase() + image.slice(end);
}
