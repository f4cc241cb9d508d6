import type { Shape } from "./growth.js";
import { manyOf } from "./own-shapes.js";
import type { FuzzTarget } from "./target.js";

/** Characters that formats repeat, quote, open and separate with. */
const characters = [
  ..."a1 \t\n\r/:.,;=@\"'\\*?-_[({<#%|&+",
  "ab",
  "a.",
  "a/",
  "1.",
  "1m",
  "a=",
  ", ",
  '\\"',
  "[]",
  "\r\n",
  "''",
  "*a",
];

/** The same for the many texts inside of seeds. */
const fewer = ["a", "1", " ", "\n", "/", ":", ".", ",", "@", "*", "\\", "[", "-", "1m", "a.", "*a"];

/** Runs of one thing alone, and between what a seed begins and ends with. */
export function runs(target: FuzzTarget): readonly Shape[] {
  const seed = target.seeds[0] ?? "";
  return characters.flatMap((character) => [
    { name: `only ${JSON.stringify(character)}`, make: (length) => filled(character, length) },
    { name: `${JSON.stringify(character)} and an end`, make: (length) => `${filled(character, length)}\u0001` },
    { name: `a seed and ${JSON.stringify(character)}`, make: (length) => seed + filled(character, length) },
  ]);
}

/** Every quoted text of every seed, filled with runs. */
export function fillings(target: FuzzTarget): readonly Shape[] {
  return target.seeds.flatMap((seed, index) =>
    [...seed.matchAll(/"([^"\n]*)"/g)].flatMap((found, place) => {
      const start = found.index + 1;
      const end = start + (found[1] ?? "").length;
      return fewer.flatMap((character): readonly Shape[] => {
        const plain =
          character.includes('"') || /[\\\n\r\t]/.test(character) ? JSON.stringify(character).slice(1, -1) : character;
        return [
          {
            name: `seed ${index}, text ${place} of ${JSON.stringify(character)}`,
            make: (length) => seed.slice(0, start) + filled(plain, length) + seed.slice(end),
          },
          {
            name: `seed ${index}, text ${place} before ${JSON.stringify(character)}`,
            make: (length) => `${seed.slice(0, end) + filled(plain, length)}!${seed.slice(end)}`,
          },
        ];
      });
    }),
  );
}

/** Those that only somebody who knows the format would think of. */
export function ownShapes(target: FuzzTarget): readonly Shape[] {
  return manyOf[target.name] ?? [];
}

/** The entries of every list and table of the formats, many times. */
export function repetitions(target: FuzzTarget): readonly Shape[] {
  const own = ownShapes(target);
  const lines = target.seeds.flatMap((seed, index): readonly Shape[] => [
    { name: `seed ${index} again and again`, make: (length) => filled(seed || " ", length) },
    { name: `lines of seed ${index}`, make: (length) => linesOf(seed, length) },
    ...arraysOf(seed, index),
  ]);
  return [...own, ...lines];
}

function filled(unit: string, length: number): string {
  return unit.repeat(Math.ceil(length / unit.length)).slice(0, Math.max(length, unit.length));
}

/** The seed, each of its lines repeated. */
function linesOf(seed: string, length: number): string {
  const lines = seed.split("\n");
  const times = Math.ceil(length / (seed.length + 1));
  return lines.map((line) => `${line}\n`.repeat(times)).join("");
}

/** The first list of a JSON seed with many entries, and the first object with many members. */
function arraysOf(seed: string, index: number): readonly Shape[] {
  return [...seed.matchAll(/\[(\{[^[\]{}]*\}|"[^"]*")/g)].slice(0, 4).map(({ index: at, 1: entry = "" }, place) => ({
    name: `seed ${index}, list ${place} of many`,
    make: (length) =>
      `${seed.slice(0, at + 1)}${`${entry},`.repeat(Math.ceil(length / (entry.length + 1)))}${seed.slice(at + 1)}`,
  }));
}
