import assert from "node:assert/strict";
import { at, loadObjects } from "../manifests/objects.js";
import { createKubeClient, eventually, type KubeClient, type KubeObject, objectPath } from "../support/kube/index.js";
import { addNode, type RunningAgent, startAgent } from "./agents.js";
import { accessOf, agentAccount, quietly, type World } from "./world.js";

const label = { "app.kubernetes.io/managed-by": "pullguard-node-agent" };
const own = "bound-a";
const other = "bound-b";
const jsonPatch = "application/json-patch+json";
const apply = "application/apply-patch+yaml";

function profile(name: string, spec: object = {}, labels: Readonly<Record<string, string>> = label): KubeObject {
  return {
    apiVersion: "pullguard.dev/v1alpha1",
    kind: "NodePullProfile",
    metadata: { name, labels },
    spec: { runtime: "containerd://1.7.34", ...spec },
  };
}

function lease(node: string, holderIdentity = node): KubeObject {
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: node, namespace: agentAccount.namespace },
    spec: { holderIdentity, leaseDurationSeconds: 60 },
  };
}

/** What an agent whose token was made for a Pod on one node may say of others, with the component that binds it. */
export function nodeBindingTests(world: () => World): void {
  describe("a node agent that is bound to its node", () => {
    const component = loadObjects("manifests/node-binding").map(({ value }) => value);
    let agent: KubeClient;
    let running: RunningAgent | undefined;
    const theirs = profile("bound-theirs");
    const byHand = profile("bound-by-hand", { nodeSelector: { matchLabels: { pool: "x" } } }, {});

    const send = (object: KubeObject, who = agent) =>
      who.call("PATCH", `${objectPath(object)}?fieldManager=pullguard-node-agent&force=true`, object, apply);
    const join = (name: string, node: string, path = "-") =>
      agent.call(
        "PATCH",
        `${objectPath(profile(name))}/status`,
        [{ op: "add", path: `/status/nodes/${path}`, value: { name: node } }],
        jsonPatch,
      );

    before(async () => {
      const { admin, kube, agent: unbound } = world();
      for (const node of [own, other]) await addNode(world(), node);
      const pod: KubeObject = {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "bound-agent", namespace: agentAccount.namespace },
        spec: {
          nodeName: own,
          serviceAccountName: agentAccount.name,
          containers: [{ name: "agent", image: "ok.test/team/app:v1" }],
        },
      };
      const made = await quietly(admin.create(pod));
      const bound = { apiVersion: "v1", kind: "Pod", name: "bound-agent", uid: at(made, "metadata", "uid") };
      const access = await accessOf(kube, agentAccount, bound);
      agent = createKubeClient(access);
      for (const object of [theirs, byHand]) await quietly(admin.apply(object));
      const status = { status: { nodes: [{ name: other }] } };
      await quietly(admin.call("PATCH", `${objectPath(theirs)}/status`, status, "application/merge-patch+json"));
      for (const object of component) await quietly(admin.apply(object));
      await eventually("the policy is in force", async () => {
        const { status: code } = await send(lease(other), unbound);
        return code === 422 ? true : undefined;
      });
      running = startAgent({ ...world(), agentKubeconfig: kube.writeKubeconfig("bound-agent", access) }, own, {});
    });
    after(async () => {
      await running?.die();
      agent?.close();
      for (const object of [...component, theirs, byHand]) await world().admin.remove(object);
      await world().admin.call("DELETE", `/api/v1/namespaces/${agentAccount.namespace}/pods/bound-agent`);
      for (const name of [own, other]) await world().admin.call("DELETE", `/api/v1/nodes/${name}`);
    });

    it("publishes its node's profile and confirms it, as without that", async () => {
      await eventually("the node is covered", async () => {
        const { body } = await world().admin.call("GET", objectPath(lease(own)));
        return typeof at(body, "spec", "renewTime") === "string" ? true : undefined;
      });
      assert.deepEqual(
        running?.events.filter(({ kind }) => kind === "fault"),
        [],
      );
    });

    it("joins a profile that others have published, and leaves it", async () => {
      assert.equal((await join("bound-theirs", own)).status, 200);
      const removal = [{ op: "remove", path: "/status/nodes/1" }];
      const path = `${objectPath(theirs)}/status`;
      assert.equal((await agent.call("PATCH", path, removal, jsonPatch)).status, 200);
    });

    it("makes a profile and removes it once no node has it", async () => {
      const made = profile("bound-made");
      assert.equal((await send(made)).status, 201);
      assert.equal((await agent.remove(made)).status, 200);
    });

    const refused: readonly { readonly name: string; readonly ask: () => ReturnType<KubeClient["call"]> }[] = [
      { name: "confirm another node's Lease", ask: () => send(lease(other)) },
      { name: "hold its Lease in another's name", ask: () => send(lease(own, other)) },
      { name: "add another node to a profile", ask: () => join("bound-theirs", "bound-c") },
      { name: "add its own node before others", ask: () => join("bound-theirs", own, "0") },
      {
        name: "change what is published under a name",
        ask: () => send(profile("bound-theirs", { platform: "linux/s390x" })),
      },
      {
        name: "publish for nodes by their labels",
        ask: () => send(profile("bound-all", { nodeSelector: { matchLabels: { "kubernetes.io/os": "linux" } } })),
      },
      { name: "publish as a person would", ask: () => send(profile("bound-person", {}, {})) },
      { name: "change what a person wrote", ask: () => send({ ...byHand, metadata: { name: "bound-by-hand" } }) },
      {
        name: "take over what a person wrote",
        ask: () => send(profile("bound-by-hand", at(byHand, "spec") as object)),
      },
      { name: "remove what a person wrote", ask: () => agent.remove(byHand) },
      { name: "remove a profile of other nodes", ask: () => agent.remove(theirs) },
      { name: "do anything with a token that names no node", ask: () => send(lease(own), world().agent) },
    ];
    for (const { name, ask } of refused) {
      it(`may not ${name}`, async () => {
        const { status, body } = await ask();
        assert.equal(status, 422, JSON.stringify(body).slice(0, 300));
        assert.match(body.message ?? "", /ValidatingAdmissionPolicy 'pullguard-node-agent'/);
      });
    }
  });
}
