/** The waiting reason or event reason the kubelet would show. */
export type KubeletReason =
  | "ErrImagePull"
  | "InvalidImageName"
  | "ErrImageNeverPull"
  | "ImageInspectError"
  | "SignatureValidationFailed"
  | "RegistryUnavailable";

/**
 * One published cause. Codes are stable API: never renamed, never reused.
 *
 * `persistence` decides the verdict: `permanent` stays broken until somebody changes something (`unpullable`);
 * `transient` fails a pull now but may not in a minute (`unknown`); `none` means that no pull fails (`skipped`);
 * `advice` goes beside a verdict and changes none: the image is pulled, but something about it is worth a warning.
 * `needs` names what must be known of the nodes before a permanent cause counts as `unpullable`.
 */
export interface CauseEntry {
  readonly persistence: "permanent" | "transient" | "none" | "advice";
  readonly needs?: "node-trust" | "node-credentials";
  readonly kubeletReason: KubeletReason | null;
  /** One line: what is the matter. */
  readonly explanation: string;
  /** Imperative, without concrete values; findings put the values in. */
  readonly fix: string;
  /** A fragment of what the kubelet or the runtime prints for it, to be found by search. */
  readonly symptom: string;
}
