import type { MutationMatch, MutationSettings, PullPolicySettings } from "./config.js";
import type { MutationsDocument } from "./config-schema.js";
import { type FaultList, readMatch } from "./read-match.js";

/** Reads which mutations are on. @param kinds  the kinds of workload there are */
export function readMutations(
  { addPullSecret, pinDigest, useMirror, setPullPolicy }: MutationsDocument,
  kinds: readonly string[],
  faults: FaultList,
): MutationSettings {
  const matchOf = (name: keyof MutationsDocument, match: MutationMatchDocument): MutationMatch =>
    readMatch(match ?? {}, `spec.mutations.${name}.match`, kinds, faults);
  return {
    ...(addPullSecret === undefined ? {} : { addPullSecret: { match: matchOf("addPullSecret", addPullSecret.match) } }),
    ...(pinDigest === undefined ? {} : { pinDigest: { match: matchOf("pinDigest", pinDigest.match) } }),
    ...(useMirror === undefined
      ? {}
      : { useMirror: { match: matchOf("useMirror", useMirror.match), tags: useMirror.tags ?? "SameDigest" } }),
    ...(setPullPolicy === undefined
      ? {}
      : {
          setPullPolicy: {
            match: matchOf("setPullPolicy", setPullPolicy.match),
            policies: readPolicies(setPullPolicy, faults),
          },
        }),
  };
}

type MutationMatchDocument = NonNullable<MutationsDocument["pinDigest"]>["match"];

function readPolicies(
  { latest, tag, digest }: NonNullable<MutationsDocument["setPullPolicy"]>,
  faults: FaultList,
): PullPolicySettings {
  if (latest === undefined && tag === undefined && digest === undefined) {
    faults("spec.mutations.setPullPolicy", "must name a policy for latest, tag or digest");
  }
  return {
    ...(latest === undefined ? {} : { latest }),
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}
