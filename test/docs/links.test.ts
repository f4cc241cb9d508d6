import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { pages } from "./shown.js";

/** A page without its fenced blocks, in which brackets mean something else. */
const proseOf = (file: string): string => readFileSync(file, "utf8").replaceAll(/^ *```[\s\S]*?^ *```/gm, "");

/** Where a page leads to within the repository: path and anchor of each link, picture and source of a picture. */
function targetsOf(
  file: string,
): readonly { readonly path: string; readonly anchor: string; readonly written: string }[] {
  const prose = proseOf(file).replaceAll(/`[^`]*`/g, "``");
  const written = [...prose.matchAll(/\]\(([^)\s]+)\)|\b(?:src|srcset)="([^"]+)"/g)].map(
    ([, link, source]) => link ?? source ?? "",
  );
  return written
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [path = "", anchor = ""] = link.split("#");
      return { path: path === "" ? file : normalize(join(dirname(file), path)), anchor, written: link };
    });
}

/** Anchors of a page's headings, as GitHub makes them. */
function anchorsOf(file: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of proseOf(file).matchAll(/^#+ (.+)$/gm)) {
    const slug = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, "")
      .replaceAll(" ", "-");
    let anchor = slug;
    for (let again = 1; anchors.has(anchor); again += 1) anchor = `${slug}-${again}`;
    anchors.add(anchor);
  }
  return anchors;
}

describe("links between pages", () => {
  for (const file of pages()) {
    it(`${file} leads to what is there`, () => {
      const broken = targetsOf(file).filter(
        ({ path, anchor }) =>
          !existsSync(path) || (anchor !== "" && path.endsWith(".md") && !anchorsOf(path).has(anchor)),
      );
      assert.deepEqual(
        broken.map(({ written }) => written),
        [],
      );
    });
  }

  it("lead from the README to every page of docs/, and to every decision from their list", () => {
    const linked = new Set(
      ["README.md", "docs/decisions/README.md"].flatMap((file) => targetsOf(file).map(({ path }) => path)),
    );
    const wanted = pages().filter((file) => file.startsWith("docs/"));
    assert.deepEqual(
      wanted.filter((file) => !linked.has(file)),
      [],
    );
  });
});
