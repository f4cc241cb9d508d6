import assert from "node:assert/strict";
import fc from "fast-check";
import { digestOf, type RepositoryState, type SmallWorld, smallWorld } from "./doubles.js";
import { mutateDeps, mutated, patched, verdicts } from "./mutated.js";

const repositories = [
  "docker.io/library/nginx",
  "reg.test/app",
  "mirror.test/hub/library/nginx",
  "mirror.test/reg/app",
];
const secretNames = ["one", "two", "three"];
const digests = ["a", "b"].map(digestOf);

const repository: fc.Arbitrary<RepositoryState> = fc.record(
  {
    tags: fc.dictionary(fc.constantFrom("latest", "v1"), fc.constantFrom(...digests), {
      maxKeys: 2,
      noNullPrototype: true,
    }),
    opens: fc.uniqueArray(fc.constantFrom(...secretNames), { minLength: 1, maxLength: 2 }),
    fault: fc.constantFrom(
      { verdict: "unknown", cause: "RegistryUnreachable" } as const,
      { verdict: "unpullable", cause: "LayerMissing" } as const,
      { verdict: "unknown", cause: "DeadlineExceeded" } as const,
    ),
    digestIsKnown: fc.boolean(),
  },
  { requiredKeys: ["tags"], noNullPrototype: true },
);

const world: fc.Arbitrary<SmallWorld> = fc.record(
  {
    repositories: fc.dictionary(fc.constantFrom(...repositories), repository, { maxKeys: 4, noNullPrototype: true }),
    secrets: fc.dictionary(fc.constantFrom(...secretNames), fc.constantFrom("docker.io", "reg.test", "mirror.test"), {
      noNullPrototype: true,
    }),
    account: fc.uniqueArray(fc.constantFrom(...secretNames), { maxLength: 2 }),
    present: fc.constantFrom("nginx", "reg.test/app:v1"),
  },
  { requiredKeys: ["repositories"], noNullPrototype: true },
);

const images = [
  "nginx",
  "nginx:v1",
  "docker.io/library/nginx:v1",
  "reg.test/app:v1",
  "mirror.test/reg/app:v1",
  "No Name",
];
const image = fc.oneof(
  fc.constantFrom(...images),
  fc
    .tuple(fc.constantFrom("nginx", "reg.test/app", "reg.test/app:v1"), fc.constantFrom(...digests))
    .map((p) => p.join("@")),
);
const policy = fc.option(fc.constantFrom("Always", "IfNotPresent", "Never"), { nil: undefined });
const containers = fc
  .array(fc.record({ image, imagePullPolicy: policy }), { minLength: 1, maxLength: 4 })
  .map((list) => list.map((container, index) => ({ name: `c${index}`, ...JSON.parse(JSON.stringify(container)) })));
const podSpec = fc
  .tuple(containers, containers, image, fc.uniqueArray(fc.constantFrom(...secretNames), { maxLength: 2 }), fc.nat(7))
  .map(([list, initial, volume, secrets, flags]) => ({
    containers: list,
    ...((flags & 1) === 0 ? {} : { initContainers: initial.map((each) => ({ ...each, name: `i${each.name}` })) }),
    ...((flags & 2) === 0 ? {} : { volumes: [{ name: "v", image: { reference: volume } }] }),
    ...((flags & 4) === 0 ? {} : { imagePullSecrets: secrets.map((name) => ({ name })) }),
  }));
const metadata = fc.constantFrom<object>(
  {},
  { annotations: {} },
  { annotations: { "a/b": "c" } },
  { annotations: null },
);
const object = fc
  .tuple(podSpec, fc.constantFrom("Pod", "Deployment", "Job", "CronJob", "PodTemplate"), metadata)
  .map(([spec, kind, meta]): object => {
    const head = { kind, metadata: { name: "web", namespace: "shop", ...meta } };
    if (kind === "Pod") return { apiVersion: "v1", ...head, spec };
    if (kind === "PodTemplate") return { apiVersion: "v1", ...head, template: { spec } };
    if (kind === "Job") return { apiVersion: "batch/v1", ...head, spec: { template: { spec } } };
    if (kind === "Deployment") return { apiVersion: "apps/v1", ...head, spec: { template: { spec } } };
    return { apiVersion: "batch/v1", ...head, spec: { jobTemplate: { spec: { template: { spec } } } } };
  });

const pulled = fc.option(fc.constantFrom("Always", "IfNotPresent"), { nil: undefined });
const match = fc.constantFrom({}, { match: { images: ["docker.io/**"] } }, { match: { kinds: ["Deployment", "Pod"] } });
const mutations = fc
  .record(
    {
      addPullSecret: match,
      pinDigest: match,
      useMirror: fc.tuple(match, fc.constantFrom("SameDigest", "Trust")).map(([m, tags]) => ({ ...m, tags })),
      setPullPolicy: fc.record({ latest: fc.constant("Always"), tag: pulled, digest: pulled }),
    },
    { requiredKeys: [] },
  )
  .map((value) => JSON.parse(JSON.stringify(value)) as object);
const mirrors = [
  { prefix: "docker.io", mirror: "mirror.test/hub" },
  { prefix: "reg.test", mirror: "mirror.test/reg" },
  { prefix: "mirror.test/hub", mirror: "reg.test" },
];
const pullSecrets = [{ images: ["reg.test/**"], secret: { namespace: "ops", name: "two" } }];

const severity = { pullable: 0, skipped: 0, unknown: 1, unpullable: 2 };

describe("whatever is mutated", () => {
  it("is the same when it is mutated twice, and no image fares worse", async () => {
    let changed = 0;
    await fc.assert(
      fc.asyncProperty(world, object, mutations, fc.boolean(), async (given, before, wanted, isNamed) => {
        const small = smallWorld(given);
        const registries = isNamed ? { mirrors, pullSecrets } : { mirrors };
        const deps = mutateDeps(small, { mutations: wanted, registries });
        const once = await mutated(deps, before);
        assert.deepEqual(patched(once.object, once.operations), once.object, "the patch may be applied again");
        const twice = await mutated(deps, once.object);
        assert.deepEqual(twice.operations, []);
        const [was, is] = [await verdicts(small, before), await verdicts(small, once.object)];
        assert.deepEqual([...is.keys()].sort(), [...was.keys()].sort());
        for (const [path, verdict] of is) {
          assert.ok(
            severity[verdict] <= severity[was.get(path) ?? "pullable"],
            `${path}: ${was.get(path)} → ${verdict}`,
          );
        }
        assert.ok(once.operations.length === 0 || once.warnings.length > 0, "each change is told of");
        for (const warning of once.warnings) assert.ok(warning.length <= 256 && !/\p{Cc}/u.test(warning));
        if (once.operations.length > 0) changed += 1;
      }),
      { numRuns: 1000 },
    );
    assert.ok(changed > 100, `${changed} of 1000 were changed at all`);
  });

  it("in an update changes no image that stayed, and of a Pod the images of containers alone", async () => {
    let changed = 0;
    const update = fc
      .tuple(object, object)
      .filter(([was, now]) => Reflect.get(was, "kind") === Reflect.get(now, "kind"));
    await fc.assert(
      fc.asyncProperty(world, update, mutations, async (given, [was, now], wanted) => {
        const deps = mutateDeps(smallWorld(given), { mutations: wanted, registries: { mirrors } });
        const request = { operation: "UPDATE", oldObject: was };
        const once = await mutated(deps, now, request);
        const kind = String(Reflect.get(now, "kind"));
        if (kind === "Job") assert.deepEqual(once.operations, []);
        for (const { path } of once.operations) {
          if (kind === "Pod")
            assert.match(path, /^\/spec\/(initC|c)ontainers\/\d+\/image$|^\/metadata\/annotations(\/|$)/);
        }
        // What an update leaves as it was is left as it is.
        const same = await mutated(deps, now, { operation: "UPDATE", oldObject: now });
        assert.deepEqual(same.operations, []);
        assert.deepEqual((await mutated(deps, once.object, request)).operations, []);
        if (once.operations.length > 0) changed += 1;
      }),
      { numRuns: 500 },
    );
    assert.ok(changed > 30, `${changed} of 500 were changed at all`);
  });

  it("leaves what stayed alone when it is asked again after it added a pull secret for an image that came", async () => {
    const deployment = (initContainers: readonly object[]): object => ({
      ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web", namespace: "shop" } },
      spec: { template: { spec: { containers: [{ name: "c0", image: "nginx" }], initContainers } } },
    });
    const stayed = { name: "i0", image: `reg.test/app@${digestOf("b")}` };
    const world = smallWorld({
      repositories: { "docker.io/library/nginx": { tags: { latest: digestOf("a") }, opens: ["three"] } },
      secrets: { three: "docker.io" },
    });
    const deps = mutateDeps(world, {
      mutations: { addPullSecret: {}, setPullPolicy: { latest: "Always", digest: "Always" } },
      registries: { mirrors },
    });
    const request = { operation: "UPDATE", oldObject: deployment([stayed]) };
    const once = await mutated(deps, deployment([stayed, { name: "i1", image: "nginx" }]), request);
    assert.deepEqual(
      once.operations.map(({ path }) => path),
      ["/spec/template/spec/imagePullSecrets"],
    );
    assert.deepEqual((await mutated(deps, once.object, request)).operations, []);
  });
});
