/** A JSON text as Go reads it: members in the order of the text, with every repetition of a key. */
export type GoJson =
  | { readonly kind: "null" | "bool" | "number" }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "array"; readonly items: readonly GoJson[] }
  | { readonly kind: "object"; readonly members: readonly GoJsonMember[] };

export interface GoJsonMember {
  readonly key: string;
  readonly value: GoJson;
}

export type GoJsonResult =
  | { readonly kind: "value"; readonly value: GoJson }
  | { readonly kind: "invalid"; readonly message: string };

/**
 * Parses `text` as Go's encoding/json does, with Go's wording for a syntax error. Unlike `JSON.parse` it keeps repeated
 * keys (Go merges maps and refuses a bad value even where a later one replaces it). The message shows at most the one
 * character at fault.
 * Source: Go encoding/json scanner, ran against go1.26.
 */
export function parseGoJson(text: string): GoJsonResult {
  return new GoJsonReader(Buffer.from(text, "utf8")).read();
}

const maxNesting = 10_000;

interface OpenContainer {
  readonly isObject: boolean;
  readonly items: GoJson[];
  readonly members: GoJsonMember[];
  key: string;
}

class SyntaxFault {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

/** One reading of one text. Keeps its own stack: a Secret of a mebibyte of `[` must not exhaust the engine's. */
class GoJsonReader {
  readonly #bytes: Buffer;
  readonly #open: OpenContainer[] = [];
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  read(): GoJsonResult {
    try {
      const value = this.#document();
      this.#skipSpace();
      if (this.#at < this.#bytes.length) throw this.#fault("after top-level value");
      return { kind: "value", value };
    } catch (fault) {
      if (!(fault instanceof SyntaxFault)) throw fault;
      return { kind: "invalid", message: fault.message };
    }
  }

  #document(): GoJson {
    for (;;) {
      let value = this.#begin();
      while (value !== undefined) {
        const container = this.#open.at(-1);
        if (container === undefined) return value;
        value = this.#add(container, value);
      }
    }
  }

  /** Reads a scalar or an empty container whole, or opens a container and returns undefined. */
  #begin(): GoJson | undefined {
    const char = this.#peek();
    if (char === "{" || char === "[") return this.#enter(char);
    if (char === '"') return { kind: "string", value: this.#string() };
    if (char === "t") return this.#literal("true", "bool");
    if (char === "f") return this.#literal("false", "bool");
    if (char === "n") return this.#literal("null", "null");
    if (char === "-" || isDigit(char)) return this.#number();
    throw this.#fault("looking for beginning of value");
  }

  #enter(char: string): GoJson | undefined {
    if (this.#open.length >= maxNesting) throw this.#fault("exceeded max depth");
    this.#at += 1;
    const isObject = char === "{";
    if (this.#peek() === (isObject ? "}" : "]")) {
      this.#at += 1;
      return isObject ? { kind: "object", members: [] } : { kind: "array", items: [] };
    }
    const container: OpenContainer = { isObject, items: [], members: [], key: "" };
    this.#open.push(container);
    if (isObject) this.#key(container);
    return undefined;
  }

  /** Puts a value into its container; returns the container as a value once it is closed. */
  #add(container: OpenContainer, value: GoJson): GoJson | undefined {
    if (container.isObject) container.members.push({ key: container.key, value });
    else container.items.push(value);
    const char = this.#peek();
    if (char === ",") {
      this.#at += 1;
      if (container.isObject) this.#key(container);
      return undefined;
    }
    if (char !== (container.isObject ? "}" : "]")) {
      throw this.#fault(container.isObject ? "after object key:value pair" : "after array element");
    }
    this.#at += 1;
    this.#open.pop();
    return container.isObject
      ? { kind: "object", members: container.members }
      : { kind: "array", items: container.items };
  }

  #key(container: OpenContainer): void {
    if (this.#peek() !== '"') throw this.#fault("looking for beginning of object key string");
    container.key = this.#string();
    if (this.#peek() !== ":") throw this.#fault("after object key");
    this.#at += 1;
  }

  #string(): string {
    const start = this.#at;
    this.#at += 1;
    for (;;) {
      const char = this.#char();
      if (char === '"') break;
      if (char === "\\") this.#escape();
      else if (char !== undefined && char < " ") throw this.#fault("in string literal");
      else if (char === undefined) throw this.#fault("");
      else this.#at += 1;
    }
    this.#at += 1;
    const value: unknown = JSON.parse(this.#bytes.toString("utf8", start, this.#at));
    // Go puts U+FFFD for half a surrogate pair.
    return String(value).replaceAll(/\p{Surrogate}/gu, "\uFFFD");
  }

  #escape(): void {
    this.#at += 1;
    const char = this.#char();
    if (char === undefined || !'bfnrt\\/"u'.includes(char)) throw this.#fault("in string escape code");
    this.#at += 1;
    for (let digits = 0; char === "u" && digits < 4; digits += 1) {
      if (!/^[0-9a-fA-F]$/.test(this.#char() ?? "")) throw this.#fault("in \\u hexadecimal character escape");
      this.#at += 1;
    }
  }

  #literal(word: string, kind: "bool" | "null"): GoJson {
    for (const expected of word) {
      if (this.#char() !== expected) throw this.#fault(`in literal ${word} (expecting '${expected}')`);
      this.#at += 1;
    }
    return { kind };
  }

  #number(): GoJson {
    if (this.#char() === "-") this.#at += 1;
    if (this.#char() === "0") this.#at += 1;
    else this.#digits("in numeric literal");
    if (this.#char() === ".") {
      this.#at += 1;
      this.#digits("after decimal point in numeric literal");
    }
    if (/^[eE]$/.test(this.#char() ?? "")) {
      this.#at += 1;
      if (/^[+-]$/.test(this.#char() ?? "")) this.#at += 1;
      this.#digits("in exponent of numeric literal");
    }
    return { kind: "number" };
  }

  #digits(context: string): void {
    if (!isDigit(this.#char())) throw this.#fault(context);
    while (isDigit(this.#char())) this.#at += 1;
  }

  #peek(): string | undefined {
    this.#skipSpace();
    return this.#char();
  }

  #skipSpace(): void {
    while (/^[ \t\r\n]$/.test(this.#char() ?? "")) this.#at += 1;
  }

  /** The byte at hand as the character of that number, which is how Go names it in a message. */
  #char(): string | undefined {
    const byte = this.#bytes[this.#at];
    return byte === undefined ? undefined : String.fromCharCode(byte);
  }

  #fault(context: string): SyntaxFault {
    const char = this.#char();
    // Go meets the end of the text as if a space stood there: an error inside a token, else just an end too early.
    const isInToken = /^(in |after decimal point)/.test(context);
    if (char === undefined && !isInToken) return new SyntaxFault("unexpected end of JSON input");
    return new SyntaxFault(`invalid character ${quoted(char ?? " ")} ${context}`);
  }
}

function isDigit(char: string | undefined): boolean {
  return char !== undefined && char >= "0" && char <= "9";
}

const namedEscapes: Readonly<Record<string, string>> = {
  "'": "\\'",
  "\\": "\\\\",
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

/** Go's `strconv.Quote` of one byte, between single quotes. */
function quoted(char: string): string {
  const named = namedEscapes[char];
  if (named !== undefined) return `'${named}'`;
  const code = char.charCodeAt(0);
  const hex = code.toString(16);
  if (code < 0x20 || code === 0x7f) return `'\\x${hex.padStart(2, "0")}'`;
  const isUnprintable = (code >= 0x80 && code <= 0xa0) || code === 0xad;
  return isUnprintable ? `'\\u${hex.padStart(4, "0")}'` : `'${char}'`;
}
