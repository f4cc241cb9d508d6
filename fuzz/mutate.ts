import { mutateJson } from "./mutate-json.js";
import type { Random } from "./random.js";
import type { FuzzTarget } from "./target.js";

/** Longer inputs are the concern of the growth table. */
export const maxLength = 4096;

/** What breaks parsers whatever the format. */
const hostile: readonly string[] = [
  ..."\0\t\n\r\v\f \"'`\\/%&?#@:;,.=+-_*~^|<>()[]{}$!",
  "\u0000\u0001\u001b[31m\u007f\u0085\u00a0",
  "\u0130",
  "\u212a",
  "\u017f",
  "\u2028",
  "\u202e",
  "\u200b",
  "\ufeff",
  "\ufffd",
  "\ud800",
  "\udfff",
  "😀",
  "é",
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "../",
  "//",
  "\\\\",
  "\r\n",
  "\n\n",
  "---\n",
  "%00",
  "%2f",
  "%zz",
  "null",
  "true",
  "NaN",
  "Infinity",
  "undefined",
];
const numbers = [
  "0",
  "-0",
  "-1",
  "1",
  "255",
  "256",
  "65535",
  "65536",
  "2147483648",
  "4294967296",
  "9007199254740993",
  "18446744073709551616",
  "1e309",
  "1e-400",
  "0x10",
  "0.1",
  "01",
  "99999999999999999999999999999999",
];

type Change = (text: string, random: Random, words: readonly string[]) => string;

const insertWord: Change = (text, random, words) => inserted(text, random, random.pick(words));
const insertHostile: Change = (text, random) => inserted(text, random, random.pick(hostile));
const overwrite: Change = (text, random, words) => {
  const { start, end } = span(text, random, 12);
  return text.slice(0, start) + random.pick(random.once(3) ? hostile : words) + text.slice(end);
};
const remove: Change = (text, random) => {
  const { start, end } = span(text, random, random.once(4) ? text.length : 8);
  return text.slice(0, start) + text.slice(end);
};
const repeat: Change = (text, random) => {
  const { start, end } = span(text, random, 24);
  return (
    text.slice(0, end) + text.slice(start, end).repeat(1 + random.below(random.once(6) ? 200 : 5)) + text.slice(end)
  );
};
const shuffle: Change = (text, random) => {
  const { start, end } = span(text, random, 24);
  return inserted(text.slice(0, start) + text.slice(end), random, text.slice(start, end));
};
const changeCharacter: Change = (text, random) => {
  const at = random.below(text.length + 1);
  const code = random.once(5) ? random.below(0x10000) : random.below(128);
  return text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
};
const changeCase: Change = (text, random) => {
  const { start, end } = span(text, random, 16);
  const part = text.slice(start, end);
  return text.slice(0, start) + (random.once(2) ? part.toUpperCase() : part.toLowerCase()) + text.slice(end);
};
const changeNumber: Change = (text, random) => {
  const found = [...text.matchAll(/\d+/g)];
  if (found.length === 0) return insertHostile(text, random, []);
  const { index, 0: digits } = random.pick(found);
  return text.slice(0, index) + random.pick(numbers) + text.slice(index + digits.length);
};
const flipBit: Change = (text, random) => {
  const at = random.below(text.length + 1);
  const code = (text.charCodeAt(at) || 0) ^ (1 << random.below(8));
  return text.slice(0, at) + String.fromCharCode(code & 0xff) + text.slice(at + 1);
};

const textChanges = [
  insertWord,
  insertWord,
  insertHostile,
  overwrite,
  remove,
  repeat,
  shuffle,
  changeCharacter,
  changeCase,
  changeNumber,
];
const byteChanges = [insertWord, overwrite, remove, repeat, shuffle, flipBit, flipBit, flipBit];

/** A new input out of known ones: grown, spliced or changed in a few places. */
export function mutated(target: FuzzTarget, corpus: readonly string[], random: Random): string {
  if (target.grow !== undefined && random.once(4)) return target.grow(random);
  let input = random.pick(corpus);
  if (random.once(8)) input = spliced(input, random.pick(corpus), random);
  const isBytes = target.format === "bytes";
  const changes = isBytes ? byteChanges : textChanges;
  for (let count = 1 + random.below(random.once(4) ? 12 : 3); count > 0; count -= 1) {
    const asJson = target.format === "json" && !random.once(3) ? mutateJson(input, corpus, random) : undefined;
    input = asJson ?? random.pick(changes)(input, random, target.words);
    input = input.slice(0, target.longest ?? maxLength);
  }
  return isBytes ? input.replace(/[^\0-\xff]/g, "\xff") : input;
}

function inserted(text: string, random: Random, word: string): string {
  const at = random.below(text.length + 1);
  return text.slice(0, at) + word + text.slice(at);
}

function spliced(one: string, other: string, random: Random): string {
  return one.slice(0, random.below(one.length + 1)) + other.slice(random.below(other.length + 1));
}

function span(text: string, random: Random, longest: number): { readonly start: number; readonly end: number } {
  const start = random.below(text.length + 1);
  return { start, end: Math.min(text.length, start + random.below(longest + 1)) };
}
