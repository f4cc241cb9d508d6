/** One `WWW-Authenticate` line. Parameter names are lower case; the first challenge of a line is the only one seen. */
export interface Challenge {
  readonly scheme: "bearer" | "digest" | "basic";
  readonly parameters: ReadonlyMap<string, string>;
}

const schemeOrder: Readonly<Record<string, number>> = { bearer: 0, digest: 1, basic: 2 };

/**
 * The challenges a containerd node understands, best first (Bearer, Digest, Basic), each line read once from left to
 * right. A line stops counting at its first flaw; what was read before stays.
 * Source: containerd core/remotes/docker/auth/parse.go `ParseAuthHeader`.
 */
export function parseChallenges(lines: readonly string[]): readonly Challenge[] {
  return challengesAsSent(lines).toSorted((a, b) => (schemeOrder[a.scheme] ?? 0) - (schemeOrder[b.scheme] ?? 0));
}

/** The same challenges in the order of their lines. Source: also containers/image docker/wwwauthenticate.go `parseAuthHeader`. */
export function challengesAsSent(lines: readonly string[]): readonly Challenge[] {
  return lines.flatMap((line) => {
    const cursor = new Cursor(line.trim());
    const scheme = cursor.token().toLowerCase();
    const understood = scheme === "bearer" || scheme === "digest" || scheme === "basic";
    return understood ? [{ scheme, parameters: parseParameters(cursor) }] : [];
  });
}

/** The schemes offered, lower case, in the order sent, known or not; at most 8 of at most 32 characters. */
export function offeredSchemes(lines: readonly string[]): readonly string[] {
  const schemes = lines.map((line) => new Cursor(line.trim()).token().toLowerCase().slice(0, 32));
  return [...new Set(schemes.filter((scheme) => scheme !== ""))].slice(0, 8);
}

function parseParameters(cursor: Cursor): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (;;) {
    cursor.skipSpace();
    const name = cursor.token().toLowerCase();
    if (name === "" || !cursor.skip("=")) return parameters;
    parameters.set(name, cursor.tokenOrQuoted());
    cursor.skipSpace();
    if (!cursor.skip(",")) return parameters;
  }
}

function isTokenCharacter(character: string | undefined): boolean {
  if (character === undefined) return false;
  const code = character.charCodeAt(0);
  return code > 32 && code < 127 && !'"(),/:;<=>?@[]\\{}'.includes(character);
}

/** Reads one header line forwards; no character is looked at twice, so a hostile line costs no more than a good one. */
class Cursor {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  token(): string {
    const start = this.#at;
    while (isTokenCharacter(this.#text[this.#at])) this.#at += 1;
    return this.#text.slice(start, this.#at);
  }

  skip(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  skipSpace(): void {
    while (" \t\r\n".includes(this.#text[this.#at] ?? "x")) this.#at += 1;
  }

  tokenOrQuoted(): string {
    if (!this.skip('"')) return this.token();
    const characters: string[] = [];
    for (; this.#at < this.#text.length; this.#at += 1) {
      const character = this.#text[this.#at] ?? "";
      if (character === '"') {
        this.#at += 1;
        return characters.join("");
      }
      if (character === "\\") this.#at += 1;
      characters.push(this.#text[this.#at] ?? "");
    }
    // An unclosed quote yields an empty value, as the runtime reads it.
    return "";
  }
}
