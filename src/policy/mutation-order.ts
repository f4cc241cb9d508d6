import type { MirrorSetting, MutationMatch, MutationSettings, Policy, PullPolicySettings } from "./config.js";
import { patternMatches } from "./image-pattern.js";
import { modeOf } from "./namespace-mode.js";
import { selects } from "./selector.js";
import type { PolicySubject } from "./types.js";

export type MutationName = keyof MutationSettings;

/** What a configuration wants changed in one object. */
export interface MutationOrder {
  /** @param image  as a manifest has it */
  readonly wants: (mutation: MutationName, image: string) => boolean;
  /** A mirror may stand in for a tag whose digest at the origin is not known. */
  readonly trustsTags: boolean;
  readonly policies: PullPolicySettings;
  readonly mirrors: readonly MirrorSetting[];
  /** Names of the Secrets that the configuration names for an image. */
  readonly secretsFor: (image: string) => readonly string[];
}

/**
 * The mutations for an object of this kind and namespace; undefined where all are off. Where a selector needs labels that
 * could not be read, nothing is changed.
 */
export function mutationOrder(
  policy: Policy,
  object: Pick<PolicySubject, "namespaceLabels"> & { readonly namespace: string; readonly kind: string },
): MutationOrder | undefined {
  const { mode, isLabelled } = modeOf(policy, object);
  if (mode === "off" && isLabelled) return undefined;
  const { mutations, registries } = policy.config;
  const isFor = ({ kinds, namespaceSelector }: MutationMatch): boolean =>
    kinds?.includes(object.kind) !== false &&
    (namespaceSelector === undefined || selects(namespaceSelector, object.namespace, object.namespaceLabels) === true);
  const names = ["addPullSecret", "pinDigest", "useMirror", "setPullPolicy"] as const;
  const on = new Map(
    names.flatMap((name) => {
      const match = mutations[name]?.match;
      return match !== undefined && isFor(match) ? [[name, match] as const] : [];
    }),
  );
  if (on.size === 0) return undefined;
  return {
    wants: (mutation, image) => {
      const match = on.get(mutation);
      return match !== undefined && (match.images?.some((pattern) => patternMatches(pattern, image)) ?? true);
    },
    trustsTags: mutations.useMirror?.tags === "Trust",
    policies: mutations.setPullPolicy?.policies ?? {},
    mirrors: registries.mirrors,
    secretsFor: (image) =>
      registries.pullSecrets
        .filter(({ images }) => images.some((pattern) => patternMatches(pattern, image)))
        .map(({ secret }) => secret.name),
  };
}
