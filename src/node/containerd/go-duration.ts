const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "\u00b5s": 1e-3,
  "\u03bcs": 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * A duration as Go's `time.ParseDuration` reads it ("1m30s", "1.5s", "0"), in milliseconds; undefined when Go refuses it.
 * May be negative.
 */
export function parseGoDuration(text: string): number | undefined {
  const { sign = "", body = "" } = /^(?<sign>[-+]?)(?<body>.*)$/s.exec(text)?.groups ?? {};
  const factor = sign === "-" ? -1 : 1;
  if (body === "0") return 0;
  if (!/^(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+$/.test(body)) return undefined;
  let total = 0;
  for (const [, amount = "", unit = ""] of body.matchAll(/([\d.]+)([^\d.]+)/g))
    total += Number(amount) * (unitMs[unit] ?? 0);
  return total > Number.MAX_SAFE_INTEGER ? undefined : factor * total;
}
