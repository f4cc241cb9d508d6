import { parseReference } from "../reference/index.js";
import type { ImageUse } from "../workload/index.js";
import { adopt, changeableUses, type Proposal, placeOf, type Round, type Stand } from "./round.js";

/**
 * Adds to images by tag the digest that the tag stands for now. Only what can be pulled is pinned, and only if it can be
 * pulled by that digest too.
 */
export async function pinDigest(round: Round, stand: Stand): Promise<Stand> {
  const digests = new Map<string, string>();
  const proposals = changeableUses(round, stand).flatMap(({ use, finding }): readonly Proposal[] => {
    if (finding.verdict !== "pullable" || finding.digest === null) return [];
    if (!round.order.wants("pinDigest", use.image)) return [];
    const image = pinned(use, finding.digest);
    if (image === undefined) return [];
    digests.set(use.fieldPath, finding.digest);
    return [{ use: { ...use, image }, note: `pullguard pinned ${placeOf(use)} to ${finding.digest}` }];
  });
  return await adopt(
    round,
    stand,
    proposals,
    (use, after) => after.verdict === "pullable" && after.digest === digests.get(use.fieldPath),
  );
}

/** The image as written, with the tag that it implies and the digest; undefined for one that has a digest. */
function pinned({ image }: ImageUse, digest: string): string | undefined {
  const parsed = parseReference(image, "current");
  if (parsed.kind !== "reference" || parsed.reference.digest !== undefined) return undefined;
  const { tag = "latest" } = parsed.reference;
  const tagged = image.endsWith(`:${tag}`) ? image : `${image}:${tag}`;
  const text = `${tagged}@${digest}`;
  const again = parseReference(text, "current");
  const isSame =
    again.kind === "reference" &&
    again.reference.domain === parsed.reference.domain &&
    again.reference.path === parsed.reference.path &&
    again.reference.tag === tag;
  return isSame ? text : undefined;
}
