import type { Labels } from "./types.js";

/** A LabelSelector of Kubernetes: all of its requirements must hold. */
export interface LabelSelector {
  readonly matchLabels: Labels;
  readonly matchExpressions: readonly Requirement[];
}

export interface Requirement {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  readonly values: readonly string[];
}

/** Kubernetes sets it on every namespace, so its value is known without a look. */
const nameLabel = "kubernetes.io/metadata.name";

/**
 * Whether a namespace is selected; undefined where that depends on labels that could not be read.
 * Source: k8s.io/apimachinery pkg/labels `Requirement.Matches`: NotIn holds for a key that is absent.
 */
export function selects(selector: LabelSelector, namespace: string, labels: Labels | undefined): boolean | undefined {
  const { matchLabels, matchExpressions } = selector;
  const equal = Object.entries(matchLabels).map(
    ([key, value]): Requirement => ({ key, operator: "In", values: [value] }),
  );
  const answers = [...equal, ...matchExpressions].map((requirement) => {
    if (labels === undefined && requirement.key !== nameLabel) return undefined;
    return holds(requirement, requirement.key === nameLabel ? namespace : own(labels ?? {}, requirement.key));
  });
  if (answers.includes(false)) return false;
  return answers.includes(undefined) ? undefined : true;
}

/** A label or annotation by name; undefined where it is absent, whatever objects inherit. */
export function own(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

function holds({ operator, values }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
  }
}
