import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type OpenCluster, runCli } from "../../src/cli/index.js";
import type { SecretSource } from "../../src/credentials/index.js";
import { fakeIo, noNodes } from "./fake-io.js";

const pod = JSON.stringify({ apiVersion: "v1", kind: "Pod", spec: { containers: [{ name: "a", image: "b" }] } });

describe("pullguard check takes NodePullProfiles", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "pullguard-profiles-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function file(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  }

  const manifest = (name: string, spec: object = { runtime: "containerd://1.7.13", files: [] }): string =>
    JSON.stringify({ apiVersion: "pullguard.dev/v1alpha1", kind: "NodePullProfile", metadata: { name }, spec });

  it("from --node-profile and from the files of -f, where they are no workloads", async () => {
    const io = fakeIo();
    const given = ["--node-profile", file("a.json", manifest("a")), "-f", file("b.json", manifest("b"))];
    assert.equal(await runCli(["check", "nginx", "--no-cluster", ...given], io), 0);
    const profiles = io.setups[0]?.node.profiles ?? [];
    assert.deepEqual(
      profiles.map(({ name, spec }) => [name, spec.runtime]),
      [
        ["b", "containerd://1.7.13"],
        ["a", "containerd://1.7.13"],
      ],
    );
    assert.equal(io.inputs[0]?.workloads.length, 1);
  });

  it("from the cluster with --nodes cluster, saying what of it is not known", async () => {
    const open = () => ({ candidatesFor: () => [] });
    const secrets: SecretSource = {
      secret: async () => ({ kind: "not-found" }),
      serviceAccount: async () => ({ kind: "not-found" }),
    };
    const cluster = (listNodes: OpenCluster["listNodes"]) =>
      fakeIo({
        deps: { openCluster: async () => ({ server: "https://api", namespace: "default", secrets, listNodes }) },
      });
    const io = cluster(async () => ({ open, missing: ["leases.coordination.k8s.io"] }));
    await runCli(["check", "nginx", "--nodes", "cluster"], io);
    assert.equal(io.setups[0]?.openNodes, open);
    assert.equal(io.err(), "note: the cluster's leases.coordination.k8s.io cannot be listed\n");
    const refused = cluster(noNodes);
    await runCli(["check", "nginx", "--nodes", "cluster"], refused);
    assert.equal(refused.setups[0]?.openNodes, undefined);
    assert.match(refused.err(), /^note: the nodes of the cluster are not known: /);
    const unasked = cluster(async () => assert.fail("asked"));
    assert.equal(await runCli(["check", "nginx"], unasked), 0);
  });

  it("but no file without any, no broken one, and not beside another source of nodes", async () => {
    const profile = file("p.json", manifest("p"));
    const broken = file("x.json", manifest("x", { files: [{ path: 1 }] }));
    const wrong = [
      [["--node-profile", file("pod.json", pod)], /pod\.json: holds no NodePullProfile/],
      [["--node-profile", broken], /x\.json:1: NodePullProfile x: spec\.files\.0\.path: /],
      [["-f", broken], /x\.json:1: NodePullProfile x: /],
      [["--node-profile", profile, "--node-root", folder], /--node-profile and --node-root exclude each other/],
      [["--nodes", "cluster"], /--nodes cluster and --no-cluster exclude each other/],
    ] as const;
    for (const [argv, want] of wrong) {
      const io = fakeIo();
      assert.equal(await runCli(["check", "nginx", "--no-cluster", ...argv], io), 2, argv.join(" "));
      assert.match(io.err(), want);
    }
  });
});
