/** The registries of a soak. `token`: behind a token server, with a Secret; `tls`: with a certificate that nodes know. */
export type Place = "plain" | "token" | "tls";

export const places = ["plain", "token", "tls"] as const satisfies readonly Place[];

/** What goes wrong for a while, and for what. `server`: nothing that an answer may depend on. */
export const faults = [
  { name: "registry-hangs", of: "plain" },
  { name: "token-server-down", of: "token" },
  { name: "tls-broken", of: "tls" },
  { name: "watch-closed", of: "server" },
  { name: "registry-5xx", of: "token" },
  { name: "registry-flaps", of: "plain" },
  { name: "certificate-replaced", of: "server" },
  { name: "api-down", of: "secrets" },
  { name: "registry-429", of: "plain" },
] as const;

export type FaultName = (typeof faults)[number]["name"];

/** Images of one kind: always there, never there, there for a while, or asked for once. */
export type ImageKind = "steady" | "absent" | "passing" | "unique";

/** A new tag comes every so often, and goes after twenty of them. */
export const passingStepMs = 3_000;
const passingLifeMs = 60_000;
/** What is found is believed for a minute, what is missing for ten seconds; some more for what is on its way. */
const foundMs = 75_000;
const missingMs = 25_000;

/** Whether a tag exists at a moment, for the registry; times in milliseconds since the soak began. */
export function exists(tag: string, nowMs: number): boolean {
  const [, kind, number] = /^([a-z]+)-(\d+)$/.exec(tag) ?? [];
  if (kind === "steady" || kind === "unique") return true;
  if (kind !== "passing") return false;
  const bornMs = Number(number) * passingStepMs;
  return nowMs >= bornMs && nowMs < bornMs + passingLifeMs;
}

/** What an answer about a tag may be when it comes at that moment. */
export function allowedAnswers(tag: string, nowMs: number): { readonly allow: boolean; readonly deny: boolean } {
  const [, kind, number] = /^([a-z]+)-(\d+)$/.exec(tag) ?? [];
  if (kind !== "passing") {
    const there = exists(tag, nowMs);
    return { allow: there, deny: !there };
  }
  const bornMs = Number(number) * passingStepMs;
  const goneMs = bornMs + passingLifeMs;
  return {
    allow: nowMs > bornMs - 5_000 && nowMs < goneMs + foundMs,
    deny: nowMs < bornMs + missingMs || nowMs > goneMs - 5_000,
  };
}

/** A fault that is, or was, in force; `endMs` absent while it is. */
export interface Spell {
  readonly name: FaultName;
  readonly startMs: number;
  endMs?: number;
}

/** After a fault a circuit may stay open for half a minute, and requests that hang linger. */
const aftermathMs = 50_000;

/** Which answers a fault excuses at a place: `unknown` for all, and a denial where the nodes would fail as well. */
export function excuses(place: Place, isSecret: boolean, spells: readonly Spell[], fromMs: number, toMs: number) {
  const now = spells.filter(
    ({ startMs, endMs }) => startMs <= toMs && (endMs ?? Number.POSITIVE_INFINITY) + aftermathMs >= fromMs,
  );
  const touching = now.filter(({ name }) => {
    const of = faults.find((fault) => fault.name === name)?.of;
    return of === place || (of === "secrets" && isSecret);
  });
  return { unknown: touching.length > 0, denial: touching.some(({ name }) => name === "tls-broken") };
}
