import type { LookupFunction } from "node:net";

/** What a name server does when it is asked for a name. */
export type NameAnswer =
  | { readonly kind: "addresses"; readonly addresses: readonly string[] }
  /** `ENOTFOUND`: no such name. `EAI_AGAIN`: the server failed. `ENODATA`: the name has no address. */
  | { readonly kind: "fault"; readonly code: string }
  | { readonly kind: "silence" };

/** Names as the tests want them resolved; every name under `.test` is on loopback until something else is said. */
export interface Names {
  readonly lookup: LookupFunction;
  /** Answers one after the other, the last one for ever. */
  say(host: string, ...answers: readonly NameAnswer[]): void;
  forget(host: string): void;
}

const loopback: NameAnswer = { kind: "addresses", addresses: ["127.0.0.1"] };

export function createNames(): Names {
  const said = new Map<string, NameAnswer[]>();
  const next = (host: string): NameAnswer => {
    const answers = said.get(host);
    if (answers === undefined) return host.endsWith(".test") ? loopback : { kind: "fault", code: "ENOTFOUND" };
    return (answers.length > 1 ? answers.shift() : answers[0]) ?? loopback;
  };
  const lookup: LookupFunction = (hostname, options, callback) => {
    const answer = next(hostname);
    if (answer.kind === "silence") return;
    // As the resolver does: never before the caller has returned.
    setImmediate(() => {
      if (answer.kind === "fault") {
        const { code } = answer;
        return callback(Object.assign(new Error(`getaddrinfo ${code} ${hostname}`), { code, hostname }), "", 0);
      }
      const all = answer.addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
      const [first] = all;
      if (options.all === true) callback(null, all);
      else callback(null, first?.address ?? "", first?.family ?? 0);
    });
  };
  return {
    lookup,
    say: (host, ...answers) => void said.set(host, [...answers]),
    forget: (host) => void said.delete(host),
  };
}
