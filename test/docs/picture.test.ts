import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { palettes, pictureOf, sceneOf } from "./picture.js";
import { readmePictures } from "./pictures.js";

describe("the README's pictures", () => {
  for (const [path, svg] of readmePictures()) {
    it(`${path} is current; npm run docs writes it`, () => assert.equal(readFileSync(path, "utf8"), svg));
  }

  it("are of what docs/kubectl.md shows, which a real API server answered", () => {
    const scene = sceneOf(readFileSync("docs/kubectl.md", "utf8"), "Deny");
    assert.match(scene.lines[0] ?? "", /^\$ kubectl apply /);
    assert.throws(() => sceneOf("## Warn\n", "Warn"), /no terminal under Warn/);
  });

  it("hold every word, wrapped, and nothing that is markup", () => {
    const words = Array.from({ length: 40 }, (_, index) => `word${index}<&`).join(" ");
    const svg = pictureOf([{ title: "Long", lines: [words] }], palettes.light);
    const texts = [...svg.matchAll(/<text [^>]*>([^<]*)</g)].map(([, text = ""]) => text);
    const read = texts
      .slice(1)
      .map((text) => text.trim())
      .join(" ")
      .replaceAll("&lt;", "<")
      .replaceAll("&amp;", "&");
    assert.equal(read, words);
    assert.ok(texts.every((text) => text.replaceAll(/&\w+;/g, "x").length <= 96));
  });

  it("can be read: every ink has a contrast of 4.5", () => {
    for (const { paper, frame: _frame, bar: _bar, ...inks } of Object.values(palettes)) {
      for (const ink of Object.values(inks)) assert.ok(contrast(ink, paper) >= 4.5, `${ink} on ${paper}`);
    }
  });
});

/** Source: WCAG 2.2, contrast ratio and relative luminance. */
function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((from) => {
    const part = Number.parseInt(colour.slice(from, from + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
