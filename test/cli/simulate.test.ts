import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCli } from "../../src/cli/index.js";
import { registryHost } from "../support/builders.js";
import { type FakeIo, fakeIo } from "./fake-io.js";

const deployment = (replicas: number, image: string): string =>
  JSON.stringify({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "shop" },
    spec: { replicas, template: { spec: { containers: [{ name: "a", image }] } } },
  });
const daemonSet = JSON.stringify({
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: { name: "agent", namespace: "ops" },
  spec: {
    template: {
      spec: {
        initContainers: [{ name: "i", image: "reg.test/init:1" }],
        containers: [{ name: "a", image: "reg.test/<a>&b:1".replace("<a>&b", "agent") }],
      },
    },
  },
});
const sizes = [
  "--size",
  "reg.test/init:1=100MiB",
  "--size",
  "reg.test/agent:1=900MiB",
  "--size",
  "reg.test/web:1=2000MiB",
];

describe("pullguard simulate", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "pullguard-simulate-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const run = async (args: readonly string[], stdin: string): Promise<{ io: FakeIo; code: number }> => {
    const io = fakeIo({ stdin });
    const code = await runCli(["simulate", "-f", "-", "--no-cluster", ...args], io);
    return { io, code };
  };
  const json = async (args: readonly string[], stdin: string) => {
    const { io, code } = await run([...args, "-o", "json"], stdin);
    assert.equal(code, 0, io.err());
    return JSON.parse(io.out()) as {
      workloads: {
        workload: string;
        rollout: string;
        pods: number;
        podsAtOnce: number;
        serialized: { seconds: number; throttledPulls: number };
        parallel: { seconds: number; throttledPulls: number };
      }[];
      kubelet: Record<string, unknown>;
    };
  };

  it("prints a table, serialized and parallel side by side, and what it assumes", async () => {
    const { io, code } = await run(["--nodes", "4", ...sizes], `${daemonSet}\n---\n${deployment(8, "reg.test/web:1")}`);
    assert.equal(code, 0, io.err());
    assert.match(io.out(), /^WORKLOAD +PODS +SIZE +ROLLOUT +SERIALIZED +PARALLEL\n/);
    assert.match(io.out(), /DaemonSet ops\/agent +4 +1000 MiB +new/);
    assert.match(io.out(), /DaemonSet ops\/agent +4 +1000 MiB +update, 1 at a time/);
    assert.match(io.out(), /Deployment shop\/web +8 +2\.0 GiB +update, 4 at a time/);
    assert.match(io.out(), /Assumed:\n.*4 equal nodes/);
    assert.deepEqual(io.setups, []);
  });

  it("makes others wait where pulls are serialized, and not where they are parallel", async () => {
    const both = `${deployment(1, "reg.test/web:1")}\n---\n${daemonSet}`;
    const { workloads } = await json(["--nodes", "1", "--rollout", "create", ...sizes], both);
    const agent = workloads.find(({ workload }) => workload.startsWith("DaemonSet"));
    assert.ok(
      agent !== undefined && agent.serialized.seconds > 60 && agent.parallel.seconds < agent.serialized.seconds,
    );
  });

  it("throttles a burst of Pods on one node", async () => {
    const { workloads } = await json(["--rollout", "create", ...sizes], deployment(30, "reg.test/web:1"));
    assert.equal(workloads[0]?.serialized.throttledPulls, 0);
    assert.ok((workloads[0]?.parallel.throttledPulls ?? 0) >= 20);
  });

  it("replaces a DaemonSet node by node, so that an update takes as long as all of them", async () => {
    const { workloads } = await json(["--nodes", "10", ...sizes], daemonSet);
    const [created, updated] = workloads;
    assert.ok(created !== undefined && updated !== undefined);
    assert.ok(updated.serialized.seconds >= 9.9 * created.serialized.seconds);
  });

  it("shares a registry's bandwidth between nodes", async () => {
    const alone = await json(["--nodes", "10", "--rollout", "create", ...sizes], daemonSet);
    const shared = await json(
      ["--nodes", "10", "--rollout", "create", "--registry-bandwidth", "100MiB/s", ...sizes],
      daemonSet,
    );
    const [a, b] = [alone.workloads[0]?.serialized.seconds ?? 0, shared.workloads[0]?.serialized.seconds ?? 0];
    assert.ok(b > 3 * a, `${a} and ${b}`);
  });

  it("reads the kubelet's settings", async () => {
    const config = join(folder, "kubelet.yaml");
    writeFileSync(
      config,
      "kind: KubeletConfiguration\nserializeImagePulls: false\nmaxParallelImagePulls: 3\nregistryPullQPS: 0\n",
    );
    const { workloads, kubelet } = await json(
      ["--kubelet-config", config, "--rollout", "create", ...sizes],
      deployment(30, "reg.test/web:1"),
    );
    assert.equal(workloads[0]?.parallel.throttledPulls, 0);
    assert.deepEqual([kubelet.maxParallelImagePulls, kubelet.registryPullQPS], [3, 0]);
  });

  it("asks the registry for sizes that nobody gave, and tells of those that it cannot find out", async () => {
    const io = fakeIo({
      stdin: `${deployment(1, "reg.test/web:1")}\n---\n${deployment(1, "reg.test/gone:1")}`,
      judge: (image) => (image.includes("gone") ? { verdict: "unpullable", cause: "TagNotFound" } : {}),
    });
    const { openCheck } = io.deps;
    const deps = {
      ...io.deps,
      openCheck: async (setup: Parameters<typeof openCheck>[0]) => {
        setup.onPulled?.("reg.test/web:1", {
          kind: "pulled",
          digest: "sha256:x",
          mediaType: "m",
          via: registryHost("reg.test"),
          image: {
            manifestDigest: "sha256:x",
            config: { mediaType: "c", digest: "sha256:c", sizeBytes: 1 },
            layers: [{ mediaType: "l", digest: "sha256:l", sizeBytes: 3 * 1024 ** 3 }],
          },
        });
        return openCheck(setup);
      },
    };
    const code = await runCli(["simulate", "-f", "-", "--no-cluster", "--rollout", "create"], { ...io, deps });
    assert.equal(code, 3);
    assert.match(io.out(), /Deployment shop\/web +1 +3\.0 GiB/);
    assert.match(io.out(), /size of reg\.test\/gone:1 is not known.*TagNotFound/s);
  });

  it("draws a timeline that is sound XML, holds no markup of others and needs nothing from elsewhere", async () => {
    const path = join(folder, "t.svg");
    const { io, code } = await run(
      ["--nodes", "3", "--svg", path, "-o", "svg", ...sizes],
      daemonSet.replace('"agent"', '"a<script>&"'),
    );
    assert.equal(code, 0, io.err());
    const svg = readFileSync(path, "utf8");
    assert.equal(io.out(), svg);
    assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    assert.match(svg, /prefers-color-scheme:dark/);
    assert.match(svg, /a&lt;script&gt;&amp;/);
    assert.doesNotMatch(svg, /<script|href|url\(/);
    assert.deepEqual(unbalanced(svg), []);
  });

  const wrong = [
    { name: "no manifests", args: ["simulate"], want: /name manifests with -f/ },
    { name: "a size that is none", args: ["simulate", "-f", "-", "--size", "a=big"], want: /no size such as 2GiB/ },
    { name: "a size without an image", args: ["simulate", "-f", "-", "--size", "2GiB"], want: /IMAGE=2GiB/ },
    {
      name: "a bandwidth of nothing",
      args: ["simulate", "-f", "-", "--no-cluster", "--bandwidth", "0"],
      want: /0 bytes a second/,
    },
    { name: "too many nodes", args: ["simulate", "-f", "-", "--nodes", "6000"], want: /between 1 and 5000/ },
  ];
  for (const { name, args, want } of wrong) {
    it(`refuses ${name}`, async () => {
      const io = fakeIo({ stdin: daemonSet });
      assert.equal(await runCli(args, io), 2);
      assert.match(io.err(), want);
    });
  }
});

/** Tags that are opened and not closed, or the other way round. */
function unbalanced(xml: string): readonly string[] {
  const open: string[] = [];
  for (const [, closing, name = "", , self] of xml.matchAll(/<(\/?)([a-z]+)((?:\s[a-zA-Z:-]+="[^"<]*")*)\s*(\/?)>/g)) {
    if (closing === "/") {
      if (open.pop() !== name) return [name];
    } else if (self !== "/") open.push(name);
  }
  return open;
}

describe("pullguard check with what nodes hold", () => {
  it("reads the list of crictl as all that a node holds, and that of the API server as cut at fifty", async () => {
    const folder = mkdtempSync(join(tmpdir(), "pullguard-images-"));
    try {
      const crictl = join(folder, "crictl.json");
      const nodes = join(folder, "nodes.json");
      writeFileSync(
        crictl,
        JSON.stringify({ images: [{ id: "sha256:a", repoTags: ["reg.test/a:1"], repoDigests: [], size: "12" }] }),
      );
      const images = Array.from({ length: 50 }, (_, index) => ({ names: [`reg.test/n${index}:1`], sizeBytes: 5 }));
      writeFileSync(
        nodes,
        JSON.stringify({
          kind: "List",
          items: [
            {
              kind: "Node",
              metadata: { name: "n1" },
              status: { images, allocatable: { "ephemeral-storage": "47093746742" } },
            },
          ],
        }),
      );
      const io = fakeIo();
      await runCli(
        [
          "check",
          "nginx",
          "--no-cluster",
          "--node-images",
          crictl,
          "--node-images",
          nodes,
          "--present",
          "reg.test/p:1",
        ],
        io,
      );
      const listed = io.setups[0]?.node.listed;
      assert.deepEqual(
        listed?.nodes?.map(({ imagesAreComplete, ephemeralStorageBytes }) => [
          imagesAreComplete,
          ephemeralStorageBytes,
        ]),
        [
          [true, undefined],
          [false, 47_093_746_742],
        ],
      );
      assert.deepEqual(listed?.nodes?.[0]?.images[0], { names: ["reg.test/a:1", "sha256:a"], sizeBytes: 12 });
      assert.ok(listed?.nodes?.every(({ images: own }) => own.some(({ names }) => names.includes("reg.test/p:1"))));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
