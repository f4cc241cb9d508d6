import type { Random } from "./random.js";

type Holder = Record<string, unknown> | unknown[];

const hostileValues: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e21,
  2 ** 53 + 2,
  "",
  " ",
  "a",
  "\u0000",
  "\u202e\u001b[31m",
  "__proto__",
  [],
  {},
  [[]],
  [null],
  [{}],
  { a: { b: { c: [] } } },
];
const hostileKeys = ["__proto__", "constructor", "prototype", "toString", "length", "", " ", "0", "\u0000", "then"];
/** Trees of a few hundred places are enough; larger ones take longer to change than to read. */
const maxPlaces = 400;

/** The JSON text with one place of its tree changed; undefined where it is no JSON object or array. */
export function mutateJson(text: string, corpus: readonly string[], random: Random): string | undefined {
  const root = parse(text);
  if (root === undefined) return undefined;
  const holder = random.pick(holdersIn(root));
  changeOne(holder, corpus, random);
  const changed = JSON.stringify(root);
  // JSON.stringify never writes a key twice, and writes `__proto__` only where it is an own member.
  return random.once(12) ? changed.replace("{", `{"${random.pick(hostileKeys)}":{"polluted":"yes"},`) : changed;
}

function changeOne(holder: Holder, corpus: readonly string[], random: Random): void {
  const keys = Object.keys(holder);
  const key = keys.length === 0 ? "new" : random.pick(keys);
  const value: unknown = Reflect.get(holder, key);
  switch (random.below(8)) {
    case 0:
      Reflect.deleteProperty(holder, key);
      return;
    case 1:
      put(holder, random.pick(hostileKeys), value);
      return;
    case 2:
      put(holder, key.toUpperCase(), value);
      return;
    case 3:
      put(holder, key, random.once(2) ? [value, value] : { [key]: value });
      return;
    case 4:
      put(holder, key, typeof value === "string" ? changedText(value, random) : value === undefined ? "" : [value]);
      return;
    case 5: {
      const other = parse(random.pick(corpus));
      put(holder, key, other === undefined ? "" : random.pick(holdersIn(other)));
      return;
    }
    default:
      put(holder, key, structuredClone(random.pick(hostileValues)));
  }
}

function changedText(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  const extra = random.pick(["", ":", "/", "@", " ", "A", "-", ".", "\u0130", "\u0000", "=", text]);
  return text.slice(0, at) + extra + text.slice(at + random.below(3));
}

function put(holder: Holder, key: string, value: unknown): void {
  Object.defineProperty(holder, key === "length" && Array.isArray(holder) ? "0" : key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function holdersIn(root: Holder): readonly Holder[] {
  const found: Holder[] = [root];
  for (let at = 0; at < found.length && found.length < maxPlaces; at += 1) {
    for (const value of Object.values(found[at] ?? {})) if (isHolder(value)) found.push(value);
  }
  return found;
}

function parse(text: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isHolder(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isHolder(value: unknown): value is Holder {
  return typeof value === "object" && value !== null;
}
