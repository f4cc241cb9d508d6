import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { at } from "../manifests/objects.js";
import { type ChartValues, objectsOf } from "../support/chart/index.js";
import type { ChartWorld } from "./chart-world.js";

/** Files of docs/install.md: blocks that begin with their path, and those that a shell writes. */
function shownFiles(): ReadonlyMap<string, string> {
  const page = readFileSync("docs/install.md", "utf8");
  const blocks = [...page.matchAll(/```yaml\n# ([\w./-]+\.yaml).*\n([\s\S]*?)```/g)];
  const written = [...page.matchAll(/cat > (\S+) <<'END'\n([\s\S]*?)END\n/g)];
  return new Map([...blocks, ...written].map(([, path = "", text = ""]) => [path, text]));
}

/** What the page on installation shows works as it stands there. */
export function docsTests(world: () => ChartWorld): void {
  describe("docs/install.md", () => {
    const files = shownFiles();
    const overlays = [...files.keys()]
      .filter((file) => file.endsWith("kustomization.yaml"))
      .map((file) => dirname(file));

    it("shows overlays and values", () => {
      assert.deepEqual(
        overlays.toSorted(),
        ["narrow", "no-agent", "production", "provided"].map((name) => `overlays/${name}`),
      );
      assert.ok(files.has("production.yaml"));
    });

    for (const overlay of overlays) {
      it(`${overlay} can be rendered, and changes something`, () => {
        const { kube, kubectl } = world();
        const folder = mkdtempSync(join(kube.folder, "docs-"));
        cpSync("manifests", join(folder, "manifests"), { recursive: true });
        mkdirSync(join(folder, "certs"));
        cpSync("certs/kustomization.yaml", join(folder, "certs/kustomization.yaml"));
        for (const file of ["tls.crt", "tls.key", "ca.crt"]) writeFileSync(join(folder, "certs", file), "text");
        for (const [file, text] of files) {
          mkdirSync(dirname(join(folder, file)), { recursive: true });
          writeFileSync(join(folder, file), text);
        }
        const render = (path: string) => execFileSync(kubectl, ["kustomize", join(folder, path)], { encoding: "utf8" });
        assert.notDeepEqual(objectsOf(render(overlay)), objectsOf(render("manifests")));
      });
    }

    it("production.yaml is what the chart takes", async () => {
      const values = parse(files.get("production.yaml") ?? "") as ChartValues;
      const objects = objectsOf(await world().helm.template(values));
      const webhook = objects.find(({ kind }) => kind === "Deployment");
      const args = at(webhook, "spec", "template", "spec", "containers", 0, "args") as readonly string[];
      assert.ok(["deny", "containerd://1.7.13", "/policy/pullguard.yaml"].every((arg) => args.includes(arg)));
    });
  });
}
