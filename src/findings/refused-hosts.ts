import type { PullPlan } from "../prediction/index.js";
import type { CauseCode } from "./catalogue.js";
import { type Diagnosis, type DiagnosisContext, diagnose } from "./diagnosis.js";

type RefusedPlan = Extract<PullPlan, { kind: "hosts-refused" }>;

const causes: Readonly<Record<RefusedPlan["plan"]["reason"], CauseCode>> = {
  "registry-blocked": "RegistryBlocked",
  "signature-policy": "SignaturePolicyRejects",
  "short-name-unresolved": "ShortNameUnresolved",
  "short-name-ambiguous": "ShortNameAmbiguous",
};

/** A sound configuration of the nodes that forbids the pull, or gives the name no meaning. */
export function diagnoseRefusedHosts(
  { plan, reference }: RefusedPlan,
  context: Omit<DiagnosisContext, "reference">,
): Diagnosis {
  const place = plan.origin.line === undefined ? plan.origin.file : `${plan.origin.file}:${plan.origin.line}`;
  return diagnose(
    causes[plan.reason],
    { ...context, reference },
    { message: `${plan.message} (${place} on the nodes)`, ...(plan.partial === true && { firm: false }) },
  );
}
