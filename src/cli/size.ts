import { PullguardError } from "../core/index.js";

const unitBytes: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  ki: 1024,
  mi: 1024 ** 2,
  gi: 1024 ** 3,
  ti: 1024 ** 4,
};

/**
 * `2GiB`, `500MB`, `750Mi`, `1.5G`, `1048576` in bytes: powers of 1024 with an i, of 1000 without, as in Kubernetes.
 * @throws PullguardError `InputInvalid` naming `flag` for anything else, and for 0 where there is nothing to measure
 */
export function parseSizeBytes(text: string, flag: string): number {
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)\s?([kmgt]i?)?b?$/i.exec(text) ?? [];
  const bytes = Number(amount) * (unitBytes[unit.toLowerCase()] ?? Number.NaN);
  if (Number.isFinite(bytes) && bytes <= 1e16) return Math.round(bytes);
  throw new PullguardError("InputInvalid", `${flag} ${JSON.stringify(text)} is no size such as 2GiB or 500MB`);
}

/**
 * `50MiB/s` in bytes a second; the `/s` may be left out.
 * @throws PullguardError `InputInvalid` naming `flag`, also for 0
 */
export function parseBandwidth(text: string, flag: string): number {
  const bytes = parseSizeBytes(text.replace(/\/s$/i, ""), flag);
  if (bytes > 0) return bytes;
  throw new PullguardError("InputInvalid", `${flag}: nothing arrives at 0 bytes a second`);
}
