import { PullguardError } from "../core/index.js";
import type { AdmissionRequestView } from "./review.js";

const maxWarningLength = 256;

/**
 * The warning that takes the place of an answer. @param verb  what could not be done: `check`, `change`
 * @param isLate  whether the deadline is what stood in the way
 */
export function faultWarning(request: AdmissionRequestView, verb: string, error: unknown, isLate: boolean): string {
  const { kind, namespace, name } = request;
  // A name that is still to be generated is empty.
  const subject = name === "" ? `a ${kind.kind} in ${namespace}` : `${kind.kind} ${namespace}/${name}`;
  const warning = `Pullguard could not ${verb} ${subject}: ${faultReason(error, isLate)}`;
  // The API server puts warnings into an HTTP header: a line break there loses the whole warning.
  return warning.replace(/\p{Cc}+/gu, " ").slice(0, maxWarningLength);
}

function faultReason(error: unknown, isLate: boolean): string {
  if (isLate) {
    return "no result before the deadline";
  }
  // Only this code speaks of what the person wrote; everything else is for the operator's log.
  if (error instanceof PullguardError && error.code === "InputInvalid") {
    return error.message;
  }
  return "internal fault, see Pullguard's log";
}
