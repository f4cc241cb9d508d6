import type { PullPolicySettings } from "../policy/index.js";
import { parseReference } from "../reference/index.js";
import { adopt, changeableUses, type Proposal, placeOf, type Round, type Stand } from "./round.js";

/** Sets the pull policy by how an image is named. `Never` stays: whoever wrote it has the image on the nodes. */
export async function setPullPolicy(round: Round, stand: Stand): Promise<Stand> {
  if (!round.target.pullPolicy) return stand;
  const proposals = changeableUses(round, stand).flatMap(({ use }): readonly Proposal[] => {
    if (use.pullPolicy === "Never" || !round.order.wants("setPullPolicy", use.image)) return [];
    const named = nameKind(use.image);
    const wanted = named === undefined ? undefined : round.order.policies[named];
    if (wanted === undefined || wanted === use.pullPolicy) return [];
    const note = `pullguard set the pull policy of ${placeOf(use)} to ${wanted}, it was ${use.pullPolicy}`;
    return [{ use: { ...use, pullPolicy: wanted }, note }];
  });
  return await adopt(round, stand, proposals);
}

/** How an image is named; undefined for what no grammar accepts. */
function nameKind(image: string): keyof PullPolicySettings | undefined {
  const parsed = parseReference(image, "current");
  if (parsed.kind !== "reference") return undefined;
  if (parsed.reference.digest !== undefined) return "digest";
  return parsed.reference.tag === "latest" ? "latest" : "tag";
}
