import type { Redacted } from "../core/index.js";
import { type Challenge, parseChallenges } from "./challenge.js";
import { foreignText, shownUrl } from "./foreign-text.js";
import { mayTellTarget, realmRefused } from "./telling.js";
import { type Account, basicHeader } from "./token.js";
import type { AuthRefusal } from "./types.js";

/** An answer of this operation on this host, as the authorizer needs to see it. `url` is where it came from in the end. */
export interface SeenAnswer {
  readonly method: string;
  readonly url: URL;
  readonly status: number;
  /** Lines of `WWW-Authenticate`. */
  readonly challengeLines: readonly string[];
}

/** What to do for one origin: send Basic, or a token for these scopes and the request's own. */
export type Handler =
  | { readonly scheme: "basic"; readonly header: Redacted<string> }
  | { readonly scheme: "bearer"; readonly realm: URL; readonly service: string; readonly scopes: readonly string[] };

/** `retry`: ask again, there is an answer to the challenge now. `unsupported`: the 401 itself is the result. */
export type ChallengeVerdict =
  | { readonly kind: "retry" | "unsupported" }
  | { readonly kind: "refused"; readonly refusal: AuthRefusal };

/**
 * Learns from 401 answers how each origin wants to be authorized. Without an account it is anonymous: tokens are fetched
 * without a name, Basic is refused. Source: containerd core/remotes/docker/authorizer.go `AddResponses`.
 */
export class Authorizer {
  readonly #account: Account | undefined;
  readonly #handlers = new Map<string, Handler>();

  constructor(account: Account | undefined) {
    this.#account = account;
  }

  /** About how much memory it holds. */
  get sizeBytes(): number {
    let bytes = 200;
    for (const [origin, handler] of this.#handlers) {
      bytes += 300 + origin.length;
      if (handler.scheme === "bearer")
        bytes += handler.realm.href.length + handler.service.length + handler.scopes.join(" ").length;
    }
    return bytes;
  }

  get hasHandlers(): boolean {
    return this.#handlers.size > 0;
  }

  /** By origin and not by host as containerd does, so that what was learnt over TLS is never told in the clear. */
  handlerFor(url: URL): Handler | undefined {
    return this.#handlers.get(url.origin);
  }

  /**
   * What another repository of the same registry will be asked for as well: Basic, or a token of the same realm. Nothing
   * where the challenge named scopes beyond those of its own repository, for nobody knows what they are for this one.
   */
  inheritedBy(repository: string, heir: { readonly from: string; readonly origin: string }): Authorizer {
    const next = new Authorizer(this.#account);
    const handler = this.#handlers.get(heir.origin);
    if (handler === undefined) return next;
    const own = pullScope(heir.from);
    if (handler.scheme === "basic") next.#handlers.set(heir.origin, handler);
    else if (handler.scopes.every((scope) => scope === own))
      next.#handlers.set(heir.origin, {
        ...handler,
        scopes: handler.scopes.length === 0 ? [] : [pullScope(repository)],
      });
    return next;
  }

  /**
   * @param seen      every answer so far, the 401 last
   * @param registry  the place originally asked, which decides what its redirect targets may be told
   */
  addResponses(seen: readonly SeenAnswer[], registry: URL): ChallengeVerdict {
    const last = seen.at(-1);
    if (last === undefined) return { kind: "unsupported" };
    for (const challenge of parseChallenges(last.challengeLines)) {
      if (challenge.scheme === "digest") continue;
      if (this.#account !== undefined && !mayTellTarget(last.url, registry)) return refused(realmRefused(last.url));
      return challenge.scheme === "bearer" ? this.#bearer(challenge, seen, last) : this.#basic(last.url);
    }
    return { kind: "unsupported" };
  }

  #bearer(challenge: Challenge, seen: readonly SeenAnswer[], last: SeenAnswer): ChallengeVerdict {
    const { origin } = last.url;
    const error = challenge.parameters.get("error") ?? "";
    if (error !== "") {
      this.#handlers.delete(origin);
      const before = seen.at(-2);
      if (before !== undefined && before.method === last.method && before.url.href === last.url.href) {
        const serverMessage = foreignText(error);
        return refused({ kind: "insufficient-scope", serverMessage, anonymous: this.#account === undefined });
      }
    }
    if (this.#handlers.has(origin)) return { kind: "retry" };
    const realm = challenge.parameters.get("realm");
    if (realm === undefined)
      return refused({ kind: "realm-missing", message: `${last.url.host} names no token realm` });
    const url = URL.canParse(realm) ? new URL(realm) : undefined;
    if (url?.protocol !== "https:" && url?.protocol !== "http:") {
      const message = `${last.url.host} names a token realm that is no http(s) URL: ${shownRealm(realm)}`;
      return refused({ kind: "realm-missing", message });
    }
    const scope = challenge.parameters.get("scope");
    this.#handlers.set(origin, {
      scheme: "bearer",
      realm: url,
      service: challenge.parameters.get("service") ?? "",
      scopes: scope === undefined ? [] : scope.split(" "),
    });
    return { kind: "retry" };
  }

  #basic(url: URL): ChallengeVerdict {
    if (this.#account === undefined) return refused({ kind: "no-credentials", scheme: "basic" });
    this.#handlers.set(url.origin, { scheme: "basic", header: basicHeader(this.#account) });
    return { kind: "retry" };
  }
}

/** What reading a repository takes. */
export function pullScope(repository: string): string {
  return `repository:${repository}:pull`;
}

function refused(refusal: AuthRefusal): ChallengeVerdict {
  return { kind: "refused", refusal };
}

function shownRealm(realm: string): string {
  return URL.canParse(realm) ? shownUrl(new URL(realm), false) : foreignText(realm.split(/[?@]/)[0] ?? "");
}

/** The scopes of a token request: what the request needs and what the challenge names, sorted, exact repeats once. */
export function tokenScopes(own: string, challenged: readonly string[]): readonly string[] {
  return [...new Set([own, ...challenged])].sort();
}
