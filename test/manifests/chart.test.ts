import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { type CliDeps, runCli } from "../../src/cli/index.js";
import { loadServeConfig, type ServeConfig } from "../../src/config/index.js";
import { fakeIo } from "../cli/fake-io.js";
import { createAuthority } from "../support/authority.js";
import {
  chartFolder,
  chartMatrix,
  findHelm,
  type Helm,
  objectsOf,
  openHelm,
  renderManifests,
} from "../support/chart/index.js";
import { at } from "./objects.js";
import { wrongValues } from "./wrong-values.js";

const required = process.env.PULLGUARD_REQUIRE_REAL === "1";

describe("the chart", function () {
  // One run of helm takes a fraction of a second on an idle machine.
  this.timeout(60_000);
  let opened: Helm | undefined;
  const helm = (): Helm => {
    assert.ok(opened);
    return opened;
  };

  before(function () {
    const found = findHelm();
    if (typeof found === "string") {
      if (required) throw new Error(`PULLGUARD_REQUIRE_REAL is set, but ${found}`);
      console.warn(`\n  SKIPPED, the chart was not rendered: ${found}\n`);
      this.skip();
    }
    opened = openHelm(found.program);
  });
  after(() => opened?.close());

  it("is what kustomize applies: `npm run manifests` would change nothing", async () => {
    const rendered = await renderManifests(helm());
    const written = [
      ".",
      "mutation",
      "events",
      "watch-pulls",
      "audit",
      "node-binding",
      "cert-manager",
      "monitoring",
    ].flatMap((folder) =>
      readdirSync(join("manifests", folder))
        .filter((file) => file.endsWith(".yaml") && file !== "kustomization.yaml")
        .map((file) => join(folder, file)),
    );
    assert.deepEqual([...rendered.keys()].sort(), written.sort());
    for (const [file, text] of rendered) assert.equal(readFileSync(join("manifests", file), "utf8"), text, file);
  });

  it("is found sound by helm lint --strict", async () => {
    const { code, stdout } = await helm().run("lint", "--strict", "--kube-version", "1.36.2", chartFolder);
    assert.equal(code, 0, stdout);
    assert.doesNotMatch(stdout, /WARNING|ERROR/);
  });

  it("has the version of the package", () => {
    const chart: unknown = parse(readFileSync(join(chartFolder, "Chart.yaml"), "utf8"));
    const { version } = JSON.parse(readFileSync("package.json", "utf8"));
    assert.deepEqual([at(chart, "version"), at(chart, "appVersion")], [version, version]);
  });

  it("names each object once, in a namespace of its own or the agent's, for every way to install", async () => {
    const { certificatePem } = await createAuthority("Provided");
    for (const { name, values } of chartMatrix(certificatePem)) {
      const objects = objectsOf(await helm().template(values, { name: "guard", namespace: "images" }));
      const names = objects.map(({ kind, metadata }) => `${kind} ${metadata?.namespace ?? ""}/${metadata?.name}`);
      assert.deepEqual(names.toSorted(), [...new Set(names)].sort(), name);
      for (const { kind, metadata } of objects) {
        assert.ok((metadata?.name ?? "").length <= 63, `${name}: ${kind}`);
        assert.equal(metadata?.labels?.["app.kubernetes.io/instance"], "guard", `${name}: ${kind}`);
      }
      const namespaces = new Set(
        objects.map(({ metadata }) => metadata?.namespace).filter((each) => each !== undefined),
      );
      const agents = at(values, "nodeAgent", "namespace") ?? "pullguard-node-agent";
      const allowed = ["images", agents, ...((at(values, "rbac", "namespaces") ?? []) as readonly string[])];
      assert.deepEqual(
        [...namespaces].filter((each) => !allowed.includes(each)),
        [],
        name,
      );
    }
  });

  it("gives the programs arguments that they understand, for every way to install", async () => {
    const { certificatePem } = await createAuthority("Provided");
    for (const { name, values } of chartMatrix(certificatePem)) {
      const workloads = objectsOf(await helm().template(values)).filter(
        ({ kind }) => kind === "Deployment" || kind === "DaemonSet",
      );
      for (const workload of workloads) {
        const args = at(workload, "spec", "template", "spec", "containers", 0, "args") as readonly string[];
        const configs: ServeConfig[] = [];
        const serve: CliDeps["serve"] = async (given) => {
          // Files are mounted in a cluster only.
          const { config: _, ...others } = given.flags;
          configs.push(loadServeConfig({ flags: others, env: {} }));
          return 0;
        };
        const io = fakeIo({ deps: { serve } });
        assert.equal(
          await runCli(
            args.map((arg) => arg.replace("$(NODE_NAME)", "node-a")),
            io,
          ),
          0,
          `${name}: ${io.err()}`,
        );
        assert.equal(configs.length, args[0] === "serve" ? 1 : 0);
        for (const { mode, shutdownGrace } of configs) {
          assert.equal(mode, values.mode ?? "warn");
          // Kubernetes must not cut off what the server still wants to finish.
          const grace = Number(at(workload, "spec", "template", "spec", "terminationGracePeriodSeconds"));
          assert.ok(shutdownGrace < grace, `${shutdownGrace} of ${grace}`);
        }
      }
    }
  });

  it("never asks about its own and the system's namespaces, whatever else is exempt", async () => {
    const values = { webhook: { failurePolicy: "Fail", exemptNamespaces: ["cni"] }, mutation: { enabled: true } };
    const objects = objectsOf(await helm().template(values, { namespace: "images" }));
    const configurations = objects.filter(({ kind }) => kind?.endsWith("WebhookConfiguration"));
    assert.equal(configurations.length, 2);
    for (const configuration of configurations) {
      assert.deepEqual(at(configuration, "webhooks", 0, "namespaceSelector", "matchExpressions", 0), {
        key: "kubernetes.io/metadata.name",
        operator: "NotIn",
        values: ["kube-system", "kube-public", "kube-node-lease", "images", "pullguard-node-agent", "cni"],
      });
    }
  });

  it("names the image by digest where there is one", async () => {
    const digest = `sha256:${"b".repeat(64)}`;
    const objects = objectsOf(await helm().template({ image: { repository: "r.test/p", tag: "9.9.9", digest } }));
    const images = objects
      .filter(({ kind }) => kind === "Deployment" || kind === "DaemonSet")
      .map((object) => at(object, "spec", "template", "spec", "containers", 0, "image"));
    assert.deepEqual(images, [`r.test/p:9.9.9@${digest}`, `r.test/p:9.9.9@${digest}`]);
  });

  describe("refuses values that are wrong", () => {
    for (const { name, values, want } of wrongValues) {
      it(name, async () => {
        const flags = ["--kube-version", "1.36.2", "--values", helm().valuesFile(values)];
        const { code, stderr } = await helm().run("template", "pullguard", chartFolder, ...flags);
        assert.equal(code, 1, "it was taken");
        for (const line of want) assert.ok(stderr.includes(line), `${line}\nis not in\n${stderr}`);
      });
    }
  });
});
