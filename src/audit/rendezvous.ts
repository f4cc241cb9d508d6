import { createHash } from "node:crypto";

/**
 * Which of the members a piece of work belongs to: the one whose hash with it is the highest. When a member comes or goes,
 * only its own work moves. The same on every replica; undefined where there is no member.
 */
export function ownerOf(work: string, members: readonly string[]): string | undefined {
  let best: { readonly member: string; readonly weight: string } | undefined;
  for (const member of members) {
    const weight = createHash("sha256").update(`${member}\n${work}`).digest("hex");
    if (best === undefined || weight > best.weight || (weight === best.weight && member < best.member)) {
      best = { member, weight };
    }
  }
  return best?.member;
}
