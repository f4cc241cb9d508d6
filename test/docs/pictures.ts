import { readFileSync } from "node:fs";
import { palettes, pictureOf, sceneOf } from "./picture.js";

/** The README's pictures by path: what kubectl printed, as docs/kubectl.md has it from a real API server. */
export function readmePictures(): ReadonlyMap<string, string> {
  const page = readFileSync("docs/kubectl.md", "utf8");
  const scenes = ["Warn", "Deny"].map((title) => sceneOf(page, title));
  return new Map(
    Object.entries(palettes).map(([name, palette]) => [`docs/images/kubectl-${name}.svg`, pictureOf(scenes, palette)]),
  );
}
