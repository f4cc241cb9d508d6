import type { ImageRecord } from "./state.js";

/** When images are asked about again, in milliseconds. */
export interface AuditTimes {
  /** What can be pulled. */
  readonly soundMs: number;
  /** What cannot, or is not known; twice as long after a day of the same. */
  readonly failingMs: number;
  /** Between two times at least, whatever changed; and after a round that was cut off. */
  readonly leastMs: number;
}

/** An image that is to be asked about. */
export interface DueImage {
  readonly image: string;
  readonly dueMs: number;
  /** 0: nobody has an answer yet; 1: it fails; 2: it was sound. */
  readonly priority: 0 | 1 | 2;
}

const dayMs = 86_400_000;

/**
 * When an image is due. What changed and what fails comes sooner; sound images are spread over a fifth of their time, the
 * same after a restart, so that they do not come in herds.
 * @param wanted questions about it that are open now
 */
export function dueOf(
  image: string,
  wanted: Iterable<string>,
  record: ImageRecord | undefined,
  times: AuditTimes,
): DueImage {
  if (record === undefined) return { image, dueMs: 0, priority: 0 };
  const { askedMs, answeredMs } = record;
  const soonestMs = askedMs + times.leastMs;
  if (Number.isNaN(answeredMs) || answeredMs < askedMs) return { image, dueMs: soonestMs, priority: 0 };
  let firstBadMs: number | undefined;
  for (const question of wanted) {
    const known = record.questions.get(question);
    if (known === undefined) return { image, dueMs: soonestMs, priority: 0 };
    const { verdict } = known.answer;
    if (verdict === "unpullable" || verdict === "unknown")
      firstBadMs = Math.min(firstBadMs ?? known.firstMs, known.firstMs);
  }
  const spread = share(`${image} ${askedMs}`);
  if (firstBadMs === undefined) {
    return { image, dueMs: Math.max(soonestMs, askedMs + times.soundMs * (0.9 + 0.2 * spread)), priority: 2 };
  }
  const isOld = askedMs - firstBadMs > dayMs;
  const failingMs = Math.min(times.soundMs, times.failingMs * (isOld ? 2 : 1));
  return { image, dueMs: Math.max(soonestMs, askedMs + failingMs * (0.9 + 0.2 * spread)), priority: 1 };
}

/** From 0 to 1, the same for the same text; FNV-1a, for it is asked for every image again and again. */
function share(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  // The last characters differ most; they must reach the upper bits too.
  hash ^= hash >>> 15;
  return (Math.imul(hash, 0x2c1b3c6d) >>> 0) / 2 ** 32;
}

/** The images that are due, the most urgent first. */
export function dueNow(images: Iterable<DueImage>, nowMs: number): readonly DueImage[] {
  return [...images].filter(({ dueMs }) => dueMs <= nowMs).sort((a, b) => a.priority - b.priority || a.dueMs - b.dueMs);
}
