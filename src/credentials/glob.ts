const maxSteps = 1_000_000;

/**
 * Whether `text` matches Go's `filepath.Match` pattern as a whole: `*` any run of characters but `/`, `?` one of them,
 * `[a-z]` and `[^a-z]` classes, `\` quotes. A pattern that Go calls malformed matches nothing, which is what the
 * kubelet makes of it. Case counts. Both together are bounded: a thousand characters each can be compared, a million cannot.
 * Source: Go path/filepath `Match`, ran against go1.26.
 */
export function matchesGoGlob(pattern: string, text: string): boolean {
  // No label of a host's name is a hundredth as long; whoever writes both could make this the slowest of all comparisons.
  if (pattern.length * text.length > maxSteps) return false;
  const tokens = parseGlob([...pattern]);
  return tokens !== undefined && matchTokens(tokens, [...text]);
}

type Token = { readonly kind: "star" } | { readonly kind: "one"; readonly accepts: (char: string) => boolean };

function parseGlob(pattern: readonly string[]): readonly Token[] | undefined {
  const tokens: Token[] = [];
  let at = 0;
  while (at < pattern.length) {
    const token = parseToken(pattern, at);
    if (token === undefined) return undefined;
    tokens.push(token.token);
    at = token.next;
  }
  return tokens;
}

function parseToken(pattern: readonly string[], at: number): { token: Token; next: number } | undefined {
  const char = pattern[at];
  if (char === "*") return { token: { kind: "star" }, next: at + 1 };
  if (char === "?") return { token: { kind: "one", accepts: (other) => other !== "/" }, next: at + 1 };
  if (char === "[") return parseClass(pattern, at + 1);
  const quoted = char === "\\" ? pattern[at + 1] : char;
  if (quoted === undefined) return undefined;
  return { token: { kind: "one", accepts: (other) => other === quoted }, next: at + (char === "\\" ? 2 : 1) };
}

function parseClass(pattern: readonly string[], start: number): { token: Token; next: number } | undefined {
  const negated = pattern[start] === "^";
  const ranges: { readonly low: number; readonly high: number }[] = [];
  let at = negated ? start + 1 : start;
  while (pattern[at] !== "]" || ranges.length === 0) {
    const low = parseClassChar(pattern, at);
    if (low === undefined) return undefined;
    const high = pattern[low.next] === "-" ? parseClassChar(pattern, low.next + 1) : low;
    if (high === undefined) return undefined;
    ranges.push({ low: low.code, high: high.code });
    at = high.next;
  }
  const accepts = (char: string) => {
    const code = char.codePointAt(0) ?? 0;
    return ranges.some(({ low, high }) => low <= code && code <= high) !== negated;
  };
  return { token: { kind: "one", accepts }, next: at + 1 };
}

/** One end of a range. A bare `-` or `]` is malformed there, and so is a class that the pattern's end cuts off. */
function parseClassChar(pattern: readonly string[], at: number): { code: number; next: number } | undefined {
  const first = pattern[at];
  if (first === undefined || first === "-" || first === "]") return undefined;
  const position = first === "\\" ? at + 1 : at;
  const code = pattern[position]?.codePointAt(0);
  if (code === undefined || position + 1 >= pattern.length) return undefined;
  return { code, next: position + 1 };
}

/** Greedy with one point of return, the last `*`: linear in practice, never worse than pattern times text. */
function matchTokens(tokens: readonly Token[], text: readonly string[]): boolean {
  let token = 0;
  let at = 0;
  let retry: { readonly token: number; at: number } | undefined;
  while (at < text.length || token < tokens.length) {
    const current = tokens[token];
    const char = text[at];
    if (current?.kind === "star") {
      token += 1;
      retry = { token, at };
    } else if (current !== undefined && char !== undefined && current.accepts(char)) {
      token += 1;
      at += 1;
    } else {
      if (retry === undefined || retry.at >= text.length || text[retry.at] === "/") return false;
      retry.at += 1;
      token = retry.token;
      at = retry.at;
    }
  }
  return true;
}
