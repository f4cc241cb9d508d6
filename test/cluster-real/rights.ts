import assert from "node:assert/strict";
import { at } from "../manifests/objects.js";
import { eventually, type KubeAnswer, type KubeObject } from "../support/kube/index.js";
import { labUser } from "../support/lab/index.js";
import { basicHost, deployment, pullSecret, serviceAccount } from "./objects.js";
import { pullguardAccount, quietly, shipped, userOf, type World } from "./world.js";

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** The smallest right that RBAC knows: one verb on one resource. */
interface Right {
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
}

const role = shipped("ClusterRole");
const shippedRights = (at(role, "rules") as readonly Rule[]).flatMap(({ apiGroups, resources, verbs }) =>
  apiGroups.flatMap((group) =>
    resources.flatMap((resource) => verbs.map((verb): Right => ({ group, resource, verb }))),
  ),
);

/** What answers depend on. With list and watch ServiceAccounts are known beforehand; without, each is got when needed. */
const neededRights = shippedRights.filter(({ verb }) => verb === "get");

function nameOf({ group, resource, verb }: Right): string {
  return `${verb} ${group === "" ? resource : `${resource}.${group}`}`;
}

function ruleOf({ group, resource, verb }: Right): Rule {
  return { apiGroups: [group], resources: [resource], verbs: [verb] };
}

/** What Pullguard's account may do and what becomes of its answers when it may do less. */
export function rightsTests(world: () => World): void {
  describe("the shipped rights", () => {
    it("hold just what one check of a private image asks for, but for what is watched", async () => {
      const { kube } = world();
      const shop = await shopWithLogin(world());
      const before = kube.audited().length;
      assertAccepted(await world().admin.create(deployment(shop)));
      const asked = kube.audited().slice(before);
      const wanted = [
        { verb: "get", group: "", resource: "serviceaccounts", namespace: shop, name: "default", status: 200 },
        { verb: "get", group: "", resource: "secrets", namespace: shop, name: "login", status: 200 },
      ];
      assert.deepEqual(asked, wanted);
      assert.deepEqual(asked.map(nameOf).sort(), neededRights.map(nameOf).sort());
      const others = shippedRights.filter((right) => !neededRights.includes(right));
      const watched = ["nodes", "nodepullprofiles.pullguard.dev", "serviceaccounts"];
      const watches = watched.flatMap((resource) => [`list ${resource}`, `watch ${resource}`]);
      assert.deepEqual(others.map(nameOf).sort(), watches.sort());
    });

    for (const { verb, path } of forbidden) {
      it(`do not let Pullguard ${verb} ${path}`, async () => {
        const { pullguard } = world();
        const { status } = await pullguard.call(verb, path, verb === "GET" ? undefined : {});
        assert.equal(status, 403);
      });
    }

    it("need the binding", async () => {
      const binding = shipped("ClusterRoleBinding");
      const { admin } = world();
      const shop = await shopWithLogin(world());
      await without(
        world(),
        () => admin.remove(binding),
        binding,
        shippedRights,
        async () => {
          assertUnknown(await admin.create(deployment(shop)), "serviceaccounts", shop);
        },
      );
      assertAccepted(await admin.create(deployment(await shopWithLogin(world()))));
    });

    for (const right of neededRights) {
      it(`need ${nameOf(right)}: without it a private image is unknown, and never denied`, async () => {
        const { admin } = world();
        const rest = shippedRights.filter((other) => other !== right);
        const shop = await shopWithLogin(world());
        await without(
          world(),
          () => admin.apply({ ...role, rules: rest.map(ruleOf) }),
          role,
          [right],
          async () => {
            assertUnknown(await admin.create(deployment(shop)), right.resource, shop);
          },
        );
        assertAccepted(await admin.create(deployment(await shopWithLogin(world()))));
      });
    }

    it("may be taken away while images need no Secret", async () => {
      const { admin } = world();
      const shop = await shopWithLogin(world());
      await without(
        world(),
        () => admin.apply({ ...role, rules: [] }),
        role,
        shippedRights,
        async () => {
          assertAccepted(await admin.create(deployment(shop, "ok.test/team/app:v1")));
          const denied = await admin.create(deployment(shop, "ok.test/team/app:v9"), "dryRun=All");
          assert.match(denied.body.message ?? "", /TagNotFound/);
        },
      );
    });
  });

  describe("narrowed rights", () => {
    it("in one namespace judge that one and leave every other unknown", async () => {
      const { admin } = world();
      const [open, closed] = [await shopWithLogin(world()), await shopWithLogin(world())];
      const metadata = { name: "pullguard", namespace: open };
      const { roleRef, subjects } = shipped("ClusterRoleBinding");
      const binding = shipped("ClusterRoleBinding");
      await quietly(admin.apply({ ...rbac, kind: "RoleBinding", metadata, roleRef, subjects }));
      await without(
        world(),
        () => admin.remove(binding),
        binding,
        shippedRights,
        async () => {
          assertAccepted(await admin.create(deployment(open)));
          assertUnknown(await admin.create(deployment(closed)), "serviceaccounts", closed);
        },
      );
    });

    it("to one Secret's name judge by that one, and deny nothing that another may allow", async () => {
      const { admin, namespace } = world();
      const named = [{ ...ruleOf(secretsRight), resourceNames: ["login"] }, ruleOf(accountsRight)];
      const shop = await shopWithLogin(world());
      const elsewhere = await namespace({
        pullSecrets: ["other"],
        objects: (name) => [pullSecret(name, "other")],
      });
      const mixed = await namespace({
        pullSecrets: ["login", "other"],
        objects: (name) => [pullSecret(name, "login", { password: "wrong-pass" }), pullSecret(name, "other")],
      });
      await without(
        world(),
        () => admin.apply({ ...role, rules: named }),
        role,
        [secretsRight],
        async () => {
          assertAccepted(await admin.create(deployment(shop)));
          assertUnknown(await admin.create(deployment(elsewhere)), "secrets", elsewhere);
          const answer = await admin.create(deployment(mixed));
          assert.equal(answer.status, 201, answer.body.message);
          assert.equal(answer.warnings.length, 1);
        },
      );
    });
  });
}

const rbac = { apiVersion: "rbac.authorization.k8s.io/v1" } as const;
const secretsRight: Right = { group: "", resource: "secrets", verb: "get" };
const accountsRight: Right = { group: "", resource: "serviceaccounts", verb: "get" };

const forbidden = [
  { verb: "GET", path: "/api/v1/secrets" },
  { verb: "GET", path: "/api/v1/namespaces/default/secrets" },
  { verb: "GET", path: "/api/v1/namespaces/default/secrets?watch=true" },
  { verb: "GET", path: "/api/v1/pods" },
  { verb: "GET", path: "/api/v1/nodes/node-a" },
  { verb: "PATCH", path: "/api/v1/nodes/node-a" },
  { verb: "DELETE", path: "/apis/pullguard.dev/v1alpha1/nodepullprofiles/gpu" },
  { verb: "GET", path: "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases" },
  { verb: "POST", path: "/api/v1/namespaces/default/secrets" },
  { verb: "PATCH", path: "/api/v1/namespaces/default/serviceaccounts/default" },
  { verb: "POST", path: "/api/v1/namespaces/default/serviceaccounts/default/token" },
  { verb: "DELETE", path: "/api/v1/namespaces/default/secrets/login" },
] as const;

/** A namespace in which every right is needed: the ServiceAccount names the Secret, the Secret opens the registry. */
function shopWithLogin({ namespace }: World): Promise<string> {
  return namespace({
    pullSecrets: ["login"],
    objects: (name) => [pullSecret(name, "login"), serviceAccount(name, ["login"])],
  });
}

/**
 * Takes rights away, waits until the API server heeds it (its authorizer follows a moment later), does something, and
 * gives them back.
 */
async function without(
  world: World,
  takeAway: () => Promise<KubeAnswer>,
  original: KubeObject,
  rights: readonly Right[],
  act: () => Promise<void>,
): Promise<void> {
  await quietly(takeAway());
  try {
    for (const right of rights) await untilAllowed(world, right, false);
    await act();
  } finally {
    await quietly(world.admin.apply(original));
    for (const right of rights) await untilAllowed(world, right, true);
  }
}

/** Asks the API server's own authorizer about Pullguard's account. */
async function untilAllowed({ admin }: World, right: Right, wanted: boolean): Promise<void> {
  const review = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: {
      user: userOf(pullguardAccount),
      resourceAttributes: { ...right, namespace: "default", name: "nothing" },
    },
  };
  await eventually(`${nameOf(right)} is ${wanted ? "allowed" : "forbidden"}`, async () => {
    const { body } = await admin.call("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review);
    return at(body, "status", "allowed") === wanted ? true : undefined;
  });
}

function assertAccepted({ status, warnings, body }: KubeAnswer): void {
  assert.deepEqual({ status, warnings }, { status: 201, warnings: [] }, body.message);
}

function assertUnknown({ status, warnings, body }: KubeAnswer, resource: string, namespace: string): void {
  assert.equal(status, 201, body.message);
  assert.equal(warnings.length, 1);
  const [warning = ""] = warnings;
  assert.ok(warning.startsWith("PullSecretUnreadable: "), warning);
  assert.ok(warning.includes(`${basicHost} wants credentials`), warning);
  assert.ok(warning.includes(`no permission to get ${resource} in namespace "${namespace}"`), warning);
  assert.ok(!warning.includes(labUser.password));
}
