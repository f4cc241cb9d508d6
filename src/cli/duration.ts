import { PullguardError } from "../core/index.js";

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const longestMs = 24 * 3_600_000;

/**
 * `10s`, `500ms`, `1m30s`, `1.5s` in milliseconds, as Go and Kubernetes write durations.
 * @throws PullguardError `InputInvalid` naming `flag` for anything else, zero, or more than a day
 */
export function parseDurationMs(text: string, flag: string): number {
  const wellFormed = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(text);
  const parts = wellFormed ? text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g) : [];
  let totalMs = 0;
  for (const [, amount, unit] of parts) totalMs += Number(amount) * (unitMs[unit ?? ""] ?? 0);
  if (totalMs >= 1 && totalMs <= longestMs) return Math.round(totalMs);
  throw new PullguardError(
    "InputInvalid",
    `${flag} ${JSON.stringify(text)} is no duration such as 10s, 500ms or 1m30s`,
  );
}
