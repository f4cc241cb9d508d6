import { type AskEngine, askAbout, type ImageAnswers } from "./ask.js";
import { grouped } from "./grouped.js";
import type { Inventory } from "./inventory.js";
import { auditReport, type ReportInput } from "./report.js";
import type { AuditReport, AuditSubject, ExpiryForecast } from "./types.js";

export interface OnceDeps extends Pick<ReportInput, "nowMs" | "holdersOf"> {
  /** What ends by itself of one registry; absent: nobody looks. */
  readonly forecast?: (subjects: readonly AuditSubject[], signal: AbortSignal) => Promise<readonly ExpiryForecast[]>;
  readonly inventory: Inventory;
  readonly ask: AskEngine;
  readonly onProgress?: (progress: OnceProgress) => void;
}

/** How many images have been asked about, and how many there are. */
export interface OnceProgress {
  readonly asked: number;
  readonly images: number;
}

/** Images that are asked about at the same time: of one registry, and in all. */
const perRegistry = 4;
const inAll = 32;

/**
 * Asks every distinct question of an inventory once, as fast as registries may be asked by one client.
 * @param signal what is not answered by then is `unknown`
 */
export async function auditOnce(deps: OnceDeps, signal: AbortSignal): Promise<AuditReport> {
  const subjects = await deps.inventory.subjects();
  const byImage = grouped(subjects, ({ image }) => image);
  const answers = new Map<string, ImageAnswers>();
  const askOne = async (image: string, own: readonly AuditSubject[]): Promise<void> => {
    answers.set(image, await askAbout(deps.ask, own, signal));
    deps.onProgress?.({ asked: answers.size, images: byImage.size });
  };
  const byRegistry = grouped(byImage, ([, [first]]) => first?.registry ?? "");
  const lanes = [...byRegistry.values()].flatMap((images) => {
    const left = images.values();
    return Array.from({ length: Math.min(perRegistry, images.length) }, () => left);
  });
  // Lanes of one registry share what is left of it; workers go from lane to lane.
  const pending = lanes.values();
  const worker = async (): Promise<void> => {
    for (const lane of pending) for (const [image, own] of lane) await askOne(image, own);
  };
  const looks = [...grouped(subjects, ({ registry }) => registry).values()].map(
    async (own) => (await deps.forecast?.(own, signal)) ?? [],
  );
  await Promise.all(Array.from({ length: Math.min(inAll, lanes.length) }, worker));
  const { nowMs } = deps;
  return auditReport({
    ...{ nowMs, subjects, pods: deps.inventory.pods, resolved: [] },
    holdersOf: deps.holdersOf,
    forecasts: (await Promise.all(looks)).flat(),
    answerTo: ({ image, question }) => {
      const answer = answers.get(image)?.answers.get(question);
      return answer === undefined ? undefined : { answer, firstMs: nowMs, lastMs: nowMs };
    },
    currentOf: (image) => answers.get(image)?.current,
    askedMs: (image) => (answers.has(image) ? nowMs : undefined),
  });
}
