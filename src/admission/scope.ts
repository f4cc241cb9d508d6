import type { NamespaceSource, PolicySubject } from "../policy/index.js";
import type { PodTemplatePath } from "../workload/index.js";

/** What the configuration in force says of a request before anything is checked; asked anew for each. */
export interface AdmissionScope {
  /** Absent: nothing is known of any namespace. */
  readonly namespaces?: NamespaceSource;
  /** Whether nothing shall be done for this request at all. */
  isOff(subject: PolicySubject): boolean;
  /** The longest time for a check, in milliseconds, where it is shorter than the API server's. */
  checkMs(): number | undefined;
  /** Custom resources that hold Pod templates. */
  podTemplates(): readonly PodTemplatePath[];
}
