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

/** How long each fault lasts, and how long nothing is broken before the next one. */
export const faultMs = 15_000;
export const pauseMs = 10_000;
/** After this they begin again. */
export const roundMs = faults.length * (faultMs + pauseMs);

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

/**
 * How long after a fault something may still be unknown. Where connections failed or hung, a circuit is open for half a
 * minute and a fifth, and what was found last is believed for ten seconds more. Other failures are believed for those ten
 * seconds alone, after the time that a registry asked to be left alone for.
 */
const aftermathMs: Readonly<Record<FaultName, number>> = {
  "registry-hangs": 50_000,
  "token-server-down": 50_000,
  "registry-flaps": 50_000,
  "tls-broken": 20_000,
  "registry-5xx": 20_000,
  "registry-429": 25_000,
  "api-down": 20_000,
  "watch-closed": 0,
  "certificate-replaced": 0,
};

/**
 * Which answers a fault excuses at a place: `unknown` for all, and a denial where the nodes would fail as well. A review is
 * shed only while the fault is there, or for one that was asked for then.
 */
export function excuses(place: Place, isSecret: boolean, spells: readonly Spell[], fromMs: number, toMs: number) {
  const touching = spells.filter(({ name, startMs }) => {
    const of = faults.find((fault) => fault.name === name)?.of;
    return startMs <= toMs && (of === place || (of === "secrets" && isSecret));
  });
  const isNear = ({ endMs = Number.POSITIVE_INFINITY }: Spell, aftermath: number) => endMs + aftermath >= fromMs;
  const near = touching.filter((spell) => isNear(spell, aftermathMs[spell.name]));
  return {
    unknown: near.length > 0,
    shed: touching.some((spell) => isNear(spell, 0)),
    denial: near.some(({ name }) => name === "tls-broken"),
  };
}
