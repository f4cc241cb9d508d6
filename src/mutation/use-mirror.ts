import type { CauseCode, Finding } from "../findings/index.js";
import type { MirrorSetting } from "../policy/index.js";
import { type ImageReference, parseReference, repositoryName } from "../reference/index.js";
import type { ImageUse } from "../workload/index.js";
import { adopt, changeableUses, placeOf, type Round, type Stand } from "./round.js";

/** These say nothing about the origin: Pullguard did not get to ask it, or somebody wants no pull at all. */
const sayNothing: readonly CauseCode[] = [
  "CheckFailed",
  "DeadlineExceeded",
  "ImageNameDependsOnNode",
  "ImageNeverPulledAbsent",
  "InvalidImageName",
  "LayersUnverified",
  "NodeConfigUnread",
  "NodesDisagree",
  "PlatformUnknown",
  "PresentImageNeedsProof",
  "PullSecretUnreadable",
  "SignatureNotChecked",
];

/**
 * Takes images that cannot be had from their origin from the first configured mirror that has the very same: the digest
 * that the image names, or that the origin was found to have. Where neither is known a tag is left alone, unless the
 * configuration trusts its mirrors.
 */
export async function useMirror(round: Round, stand: Stand): Promise<Stand> {
  let reached = stand;
  for (const { use, finding } of changeableUses(round, stand)) {
    if (!cannotBeHad(finding) || !round.order.wants("useMirror", use.image)) continue;
    reached = await fromMirror(round, reached, use, finding);
  }
  return reached;
}

function cannotBeHad({ verdict, cause }: Finding): boolean {
  const failed = verdict === "unpullable" || verdict === "unknown";
  return failed && cause !== null && !sayNothing.includes(cause);
}

async function fromMirror(round: Round, stand: Stand, use: ImageUse, finding: Finding): Promise<Stand> {
  const parsed = parseReference(use.image, "current");
  if (parsed.kind !== "reference") return stand;
  const { reference } = parsed;
  const images = round.order.mirrors.flatMap((mirror) => mirrored(reference, mirror));
  if (images.length === 0) return stand;
  const digest = reference.digest ?? finding.digest;
  if (digest === null && !round.order.trustsTags) {
    const note = `pullguard took no mirror for ${placeOf(use)}: which digest its origin has is not known`;
    return { ...stand, notes: [...stand.notes, note] };
  }
  for (const image of images) {
    const note = `pullguard took ${placeOf(use)} from the mirror ${image}: ${finding.cause ?? ""}, ${finding.message}`;
    const next = await adopt(
      round,
      stand,
      [{ use: { ...use, image }, note }],
      (_use, after) => after.verdict === "pullable" && (digest === null || after.digest === digest),
    );
    if (next !== stand) return next;
  }
  const note = `pullguard found no mirror that has ${placeOf(use)}${digest === null ? "" : ` with ${digest}`}`;
  return { ...stand, notes: [...stand.notes, note] };
}

/** The image's name on a mirror; nothing where the mirror is for other images. */
function mirrored(reference: ImageReference, { prefix, mirror }: MirrorSetting): readonly string[] {
  const name = repositoryName(reference);
  if (name !== prefix && !name.startsWith(`${prefix}/`)) return [];
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  const digest = reference.digest === undefined ? "" : `@${reference.digest}`;
  const image = `${mirror}${name.slice(prefix.length)}${tag}${digest}`;
  return parseReference(image, "current").kind === "reference" ? [image] : [];
}
