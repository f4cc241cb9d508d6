import assert from "node:assert/strict";
import { setMaxListeners } from "node:events";
import { rootCertificates } from "node:tls";
import { fileURLToPath } from "node:url";
import { profileMaker } from "../../src/bin/node-profiles.js";
import { systemClock } from "../../src/bin/system.js";
import { clusterPublisher, listNodes, loadCluster } from "../../src/cluster/index.js";
import { at } from "../manifests/objects.js";
import { podSpec } from "../placement/pods.js";
import {
  collectionPath,
  type Daemon,
  eventually,
  type KubeObject,
  objectPath,
  startDaemon,
} from "../support/kube/index.js";
import { addNode as makeNode, type RunningAgent, startAgent as runOn } from "./agents.js";
import { deployment } from "./objects.js";
import { agentAccount, quietly, shipped, userOf, type World } from "./world.js";

const program = fileURLToPath(new URL("../../src/bin/pullguard.js", import.meta.url));
const image = "ok.test/team/app:v1";
const hostsToml = (ca: string) => `server = "https://ok.test"\nca = "${ca}"\n`;
const profileBase: KubeObject = { apiVersion: "pullguard.dev/v1alpha1", kind: "NodePullProfile" };

/** Nodes of a real API server, what is published about them, and what becomes of the answers. */
export function nodeTests(world: () => World): void {
  describe("nodes of the cluster", () => {
    let unfollow: () => void = () => undefined;
    const agents: RunningAgent[] = [];
    const daemons: Daemon[] = [];
    before(() => {
      unfollow = world().followNodes();
    });
    after(async () => {
      for (const agent of agents) await agent.die();
      for (const daemon of daemons) await daemon.stop();
      unfollow();
    });

    const addNode = (name: string, labels?: Readonly<Record<string, string>>) => makeNode(world(), name, labels);

    function startAgent(node: string, files: Readonly<Record<string, string>>): RunningAgent {
      const agent = runOn(world(), node, files);
      agents.push(agent);
      return agent;
    }

    /** The first warning or denial for a Deployment that only lands on these nodes; "" where it is accepted silently. */
    async function answerFor(pod: object): Promise<string> {
      const { admin, namespace } = world();
      shop ??= await namespace();
      const { status, warnings, body } = await admin.create(deployment(shop, image, pod), "dryRun=All");
      return status === 403 ? `denied ${body.message ?? ""}` : (warnings[0] ?? "");
    }
    let shop: string | undefined;

    async function untilAnswer(pod: object, wanted: RegExp): Promise<string> {
      let last = "";
      return await eventually(`the answer is ${wanted}`, async () => {
        last = await answerFor(pod);
        return wanted.test(last) ? `${last} ` : undefined;
      }).catch((error: unknown) => {
        throw new Error(`the last answer was ${JSON.stringify(last)}`, { cause: error });
      });
    }

    async function profiles(): Promise<readonly KubeObject[]> {
      const { body } = await world().admin.call("GET", collectionPath(profileBase));
      return body.items as readonly KubeObject[];
    }

    const nodesOf = (profile: KubeObject): readonly string[] =>
      ((at(profile, "status", "nodes") ?? []) as readonly { name: string }[]).map(({ name }) => name).sort();

    async function profilesOf(node: string): Promise<readonly KubeObject[]> {
      return (await profiles()).filter((profile) => nodesOf(profile).includes(node));
    }

    it("take a profile that a person wrote for their labels", async () => {
      await addNode("hand-1", { pool: "hand" });
      const { admin, lab } = world();
      const pod = { nodeSelector: { pool: "hand" } };
      await untilAnswer(pod, /^CertificateUntrusted: .*whether the nodes accept it is not known/);
      const spec = {
        files: [{ path: "/etc/containerd/certs.d/" }],
        systemTrust: { publicRoots: true },
        credentials: {},
        nodeSelector: { matchLabels: { pool: "hand" } },
      };
      const profile: KubeObject = { ...profileBase, metadata: { name: "hand" }, spec };
      await quietly(admin.apply(profile));
      await untilAnswer(pod, /^denied .*CertificateUntrusted/s);
      const files = [
        { path: "/etc/containerd/certs.d/ok.test/ca.crt", content: lab.caPem },
        { path: "/etc/containerd/certs.d/" },
      ];
      await quietly(admin.apply({ ...profile, spec: { ...spec, files } }));
      await untilAnswer(pod, /^$/);
      await quietly(admin.remove(profile));
      await untilAnswer(pod, /^CertificateUntrusted: /);
    });

    it("that are still to come may turn a denial into a warning, and never a warning into a denial", async () => {
      const { admin } = world();
      const pool: KubeObject = {
        ...profileBase,
        metadata: { name: "empty-pool" },
        spec: {
          runtime: "containerd://1.7.34",
          platform: "linux/amd64",
          nodeSelector: { matchLabels: { pool: "empty" } },
        },
      };
      await quietly(admin.apply(pool));
      await untilAnswer({ nodeSelector: { pool: "empty" } }, /^CertificateUntrusted: .*not known/);
      await quietly(admin.remove(pool));
    });

    it("are refused by the API server where a profile is malformed", async () => {
      const { admin } = world();
      for (const spec of [{ files: [{ path: "etc/x" }] }, { runtime: "containerd" }, { secrets: [] }]) {
        const bad: KubeObject = { ...profileBase, metadata: { name: "bad" }, spec };
        assert.ok((await admin.apply(bad)).status >= 400, JSON.stringify(spec));
        assert.equal((await admin.call("GET", objectPath(bad))).status, 404);
      }
    });

    it("are read by their agents: a changed hosts.toml is in the next answer", async () => {
      await addNode("agent-1");
      const { lab } = world();
      const pod = { nodeName: "agent-1" };
      const agent = startAgent("agent-1", {
        "/etc/containerd/certs.d/ok.test/hosts.toml": hostsToml("/etc/containerd/lab.crt"),
        "/etc/containerd/lab.crt": lab.caPem,
        "/etc/ssl/certs/ca-certificates.crt": rootCertificates.slice(0, 3).join("\n"),
        "/var/lib/kubelet/config.yaml": "kind: KubeletConfiguration\nserializeImagePulls: false\n",
      });
      await untilAnswer(pod, /^$/);
      const [published] = await profilesOf("agent-1");
      assert.deepEqual(at(published, "spec", "kubelet"), { serializeImagePulls: false, version: "1.36.2" });
      assert.match(String(at(published, "metadata", "name")), /^containerd-1\.7\.34-[0-9a-f]{12}$/);

      agent.write("/etc/containerd/certs.d/ok.test/hosts.toml", 'server = "https://ok.test"\n');
      const changedMs = performance.now();
      const denial = await untilAnswer(pod, /^denied .*CertificateUntrusted/s);
      assert.ok(performance.now() - changedMs < 10_000, "within seconds");
      assert.match(denial, /ok\.test/);
      await eventually("the former profile is gone", async () => {
        const all = await profiles();
        return all.some(({ metadata }) => metadata?.name === published?.metadata?.name) ? undefined : true;
      });
      agent.write("/etc/containerd/certs.d/ok.test/hosts.toml", "[host.\nbroken");
      await eventually("what is wrong is told", async () => {
        const [profile] = await profilesOf("agent-1");
        return at(profile, "status", "issues", 0, "code") === "HostsFileIgnored" ? true : undefined;
      });
      agent.write("/etc/containerd/certs.d/ok.test/hosts.toml", hostsToml("/etc/containerd/lab.crt"));
      await untilAnswer(pod, /^$/);
    });

    it("that are alike share one profile, and leave it one by one", async () => {
      const files = { "/etc/containerd/certs.d/twin.test/hosts.toml": 'server = "https://twin.test"\n' };
      await addNode("twin-1");
      await addNode("twin-2");
      const [first] = [startAgent("twin-1", files), startAgent("twin-2", files)];
      const shared = await eventually("both are in one profile", async () => {
        return (await profiles()).find((profile) => nodesOf(profile).join() === "twin-1,twin-2");
      });
      first.write("/etc/containerd/certs.d/twin.test/hosts.toml", 'server = "http://twin.test"\n');
      await eventually("they are apart", async () => {
        const [other] = await profilesOf("twin-1");
        const [left] = await profilesOf("twin-2");
        if (other === undefined || left === undefined) return undefined;
        const areApart = nodesOf(other).join() === "twin-1" && nodesOf(left).join() === "twin-2";
        return areApart && left.metadata?.name === shared.metadata?.name ? true : undefined;
      });
    });

    it("that are many may join and leave one profile at the same time", async () => {
      const access = loadCluster({ kind: "file", path: world().agentKubeconfig });
      assert.ok(access !== undefined);
      const profile = { name: "crowd", spec: { runtime: "containerd://1.7.34" }, issues: [] };
      const signal = AbortSignal.timeout(60_000);
      setMaxListeners(0, signal);
      const crowd = Array.from({ length: 20 }, (_, index) => {
        const publisher = clusterPublisher({ access, clock: systemClock, namespace: agentAccount.namespace });
        const platform = { os: "linux", architecture: "amd64" };
        return { publisher, node: { name: `crowd-${index}`, uid: "1", runtime: "", platform, kubeletVersion: "" } };
      });
      await Promise.all(crowd.map(({ publisher, node }) => publisher.publish(profile, node, signal)));
      const wanted = crowd.map(({ node }) => node.name).sort();
      assert.deepEqual(nodesOf((await profilesOf("crowd-0"))[0] ?? {}), wanted);
      await Promise.all(crowd.slice(1).map(({ publisher, node }) => publisher.leave("crowd", node, signal)));
      assert.deepEqual(nodesOf((await profilesOf("crowd-0"))[0] ?? {}), ["crowd-0"]);
      await Promise.all(crowd.map(({ publisher, node }) => publisher.leave("crowd", node, signal)));
      assert.ok((await profiles()).every(({ metadata }) => metadata?.name !== "crowd"));
    });

    it("are seen by the program that serves the webhook, which is ready once it knows them", async () => {
      const { kube, certDir, pullguardKubeconfig } = world();
      const args = ["serve", "--port", "0", "--metrics-port", "0", "--cert-dir", certDir];
      const server = startDaemon(
        process.execPath,
        [program, ...args, "--kubeconfig", pullguardKubeconfig],
        kube.folder,
      );
      daemons.push(server);
      for (const what of ["nodes", "profiles", "leases", "service accounts"]) {
        await eventually(`${what} are watched: ${server.log()}`, async () => {
          return server.log().includes(`"${what} are watched"`) ? true : undefined;
        });
      }
      await server.stop();
      assert.ok(!server.log().includes("warn"), server.log());
    });

    it("can be listed for one command", async () => {
      const access = loadCluster({ kind: "file", path: world().pullguardKubeconfig });
      assert.ok(access !== undefined);
      const deps = { access, clock: systemClock, agentNamespace: agentAccount.namespace };
      const listed = await listNodes(deps, AbortSignal.timeout(20_000));
      assert.ok("open" in listed, JSON.stringify(listed));
      assert.deepEqual(listed.missing, []);
      const source = listed.open(profileMaker({ credentials: "unknown" }, new Uint8Array(32), systemClock));
      const [candidate] = source.candidatesFor(podSpec({ nodeName: "agent-1" }));
      assert.match(candidate?.profile.name ?? "", /^containerd-1\.7\.34-/);
      assert.equal(candidate?.profile.trust, "known");
    });

    it("whose profile somebody removed or changed get it back", async () => {
      const { admin } = world();
      const [before] = await profilesOf("twin-2");
      assert.ok(before !== undefined);
      await quietly(admin.remove(before));
      await eventually("it is back", async () => (await profilesOf("twin-2"))[0]);
      await admin.patch(before, { spec: { runtime: "containerd://9.9.9" } });
      await eventually("it is as it was", async () => {
        const [after] = await profilesOf("twin-2");
        return at(after, "spec", "runtime") === "containerd://1.7.34" ? true : undefined;
      });
    });

    it("whose agent died keep their profile, which ages and says so", async () => {
      await addNode("dying-1");
      const pod = { nodeName: "dying-1" };
      const { root, die } = startAgent("dying-1", {
        "/etc/containerd/certs.d/ok.test/hosts.toml": 'server = "https://ok.test"\n',
        "/etc/ssl/certs/ca-certificates.crt": rootCertificates.slice(0, 3).join("\n"),
      });
      await die();
      // The program itself, as the DaemonSet runs it.
      const [argv, flags] = [
        ["node-agent", "--node-name", "dying-1", "--host-root", root],
        ["--heartbeat", "1s"],
      ];
      const args = [...argv, ...flags, "--port", "0", "--kubeconfig", world().agentKubeconfig];
      const agent = startDaemon(process.execPath, [program, ...args], world().kube.folder);
      daemons.push(agent);
      await untilAnswer(pod, /^denied .*CertificateUntrusted/s).catch((error: unknown) => {
        throw new Error(agent.log(), { cause: error });
      });
      await agent.stop();
      const warning = await untilAnswer(pod, /^CertificateUntrusted: .*last confirmed/);
      assert.match(warning, /the nodes' profile was last confirmed \d+ s ago/);
    });

    it("that are gone are taken out of profiles by agents that start", async () => {
      const { admin } = world();
      await quietly(admin.remove({ apiVersion: "v1", kind: "Node", metadata: { name: "dying-1" } }));
      let started = 0;
      await eventually("nobody names it", async () => {
        if ((await profilesOf("dying-1")).length === 0) return true;
        started += 1;
        await addNode(`tidy-${started}`);
        const agent = startAgent(`tidy-${started}`, {});
        await eventually("it has published", async () => agent.events.find(({ kind }) => kind === "confirmed"));
        await agent.die();
        return undefined;
      });
    });

    it("let their agents do what the manifests allow, which is all that they do", async () => {
      const { kube, agent } = world();
      const asked = kube.audited(userOf(agentAccount)).filter(({ status }) => status !== 403);
      const used = new Set(asked.map(({ verb, group, resource }) => `${verb} ${resource}${group && `.${group}`}`));
      const rules = [shipped("ClusterRole", agentAccount.name), shipped("Role", agentAccount.name)].flatMap(
        (role) => at(role, "rules") as readonly { apiGroups: string[]; resources: string[]; verbs: string[] }[],
      );
      const allowed = rules.flatMap(({ apiGroups: [group = ""], resources, verbs }) =>
        resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}${group && `.${group}`}`)),
      );
      // What an apply makes is logged as a patch; without the right to create it would be refused.
      const creates = allowed.filter((right) => right.startsWith("create "));
      assert.deepEqual([...used, ...creates].sort(), [...allowed].sort());
      for (const path of ["/api/v1/secrets", "/api/v1/nodes", "/api/v1/pods", "/api/v1/namespaces/default/secrets/x"]) {
        assert.equal((await agent.call("GET", path)).status, 403, path);
      }
      const lease = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/agent-1";
      assert.equal((await agent.call("GET", lease)).status, 403);
    });
  });
}
