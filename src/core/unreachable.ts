import { PullguardError } from "./error.js";

/** Ends an exhaustive `switch`: the compiler refuses it while a case is missing. */
export function unreachable(value: never): never {
  throw new PullguardError("Internal", `unreachable case: ${JSON.stringify(value)}`);
}
