import assert from "node:assert/strict";
import { writtenImagesAnnotation } from "../../src/mutation/index.js";
import { digestOf, type SmallWorld, smallWorld } from "./doubles.js";
import { mutateDeps, mutated } from "./mutated.js";

const [a, b] = [digestOf("a"), digestOf("b")];
const nginx = "docker.io/library/nginx";
const written = (names: object): object => ({
  op: "add",
  path: "/metadata/annotations",
  value: { [writtenImagesAnnotation]: JSON.stringify(names) },
});
const image = (value: string, index = 0): object => ({ op: "replace", path: `/spec/containers/${index}/image`, value });

function pod(images: readonly string[], spec: object = {}): object {
  const containers = images.map((name, index) => ({ name: `c${index}`, image: name, imagePullPolicy: "IfNotPresent" }));
  return { apiVersion: "v1", kind: "Pod", metadata: { name: "web", namespace: "shop" }, spec: { containers, ...spec } };
}

interface Case {
  readonly name: string;
  readonly world: SmallWorld;
  readonly config: object;
  readonly given: object;
  readonly want: readonly object[];
  readonly warnings: readonly RegExp[];
}

const pin = { mutations: { pinDigest: {} } };
const add = { mutations: { addPullSecret: {} } };
const hubMirror = [{ prefix: "docker.io", mirror: "mirror.test/hub" }];
const mirror = { mutations: { useMirror: {} }, registries: { mirrors: hubMirror } };
const trusting = { ...mirror, mutations: { useMirror: { tags: "Trust" } } };
const down = { tags: { v1: a }, fault: { verdict: "unknown", cause: "RegistryUnreachable" } } as const;
const secured = (...opens: string[]): SmallWorld["repositories"] => ({ "reg.test/app": { tags: { v1: a }, opens } });

const cases: readonly Case[] = [
  {
    name: "changes nothing where nothing is switched on",
    world: { repositories: { [nginx]: { tags: { v1: a } } } },
    config: {},
    given: pod(["nginx:v1"]),
    want: [],
    warnings: [],
  },
  {
    name: "pins a tag, and writes down what was written",
    world: { repositories: { [nginx]: { tags: { v1: a } } } },
    config: pin,
    given: pod(["nginx:v1"]),
    want: [image(`nginx:v1@${a}`), written({ [`nginx:v1@${a}`]: "nginx:v1" })],
    warnings: [/^pullguard pinned spec\.containers\[0\]\.image "nginx:v1" to sha256:a+$/],
  },
  {
    name: "pins the tag that is implied",
    world: { repositories: { [nginx]: { tags: { latest: a } } } },
    config: pin,
    given: pod(["nginx"]),
    want: [image(`nginx:latest@${a}`), written({ [`nginx:latest@${a}`]: "nginx" })],
    warnings: [/ "nginx" to /],
  },
  {
    name: "pins neither what has a digest, nor what cannot be pulled, nor what is never pulled",
    world: { repositories: { [nginx]: { tags: { v1: a } } } },
    config: pin,
    given: pod([`nginx@${a}`, "nginx:v9"], {
      initContainers: [{ name: "i", image: "nginx:v1", imagePullPolicy: "Never" }],
    }),
    want: [],
    warnings: [],
  },
  {
    name: "pins only images that match",
    world: { repositories: { [nginx]: { tags: { v1: a } }, "reg.test/app": { tags: { v1: b } } } },
    config: { mutations: { pinDigest: { match: { images: ["reg.test/**"] } } } },
    given: pod(["nginx:v1", "reg.test/app:v1"]),
    want: [image(`reg.test/app:v1@${b}`, 1), written({ [`reg.test/app:v1@${b}`]: "reg.test/app:v1" })],
    warnings: [/reg\.test\/app/],
  },
  {
    name: "pins nothing in a namespace of whose labels it would depend and nothing is known",
    world: { repositories: { [nginx]: { tags: { v1: a } } } },
    config: { mutations: { pinDigest: { match: { namespaceSelector: { matchLabels: { tier: "prod" } } } } } },
    given: pod(["nginx:v1"]),
    want: [],
    warnings: [],
  },
  {
    name: "adds the one Secret that opens the image, behind those there are",
    world: { repositories: secured("two"), secrets: { one: "reg.test", two: "reg.test", hub: "docker.io" } },
    config: add,
    given: pod(["reg.test/app:v1"], { imagePullSecrets: [{ name: "hub" }] }),
    want: [{ op: "add", path: "/spec/imagePullSecrets", value: [{ name: "hub" }, { name: "two" }] }],
    warnings: [
      /^pullguard added the imagePullSecret two: spec\.containers\[0\]\.image "reg\.test\/app:v1" is refused without it$/,
    ],
  },
  {
    name: "adds no Secret where two open the image",
    world: { repositories: secured("one", "two"), secrets: { one: "reg.test", two: "reg.test" } },
    config: add,
    given: pod(["reg.test/app:v1"]),
    want: [],
    warnings: [/^pullguard added no imagePullSecret for .*: one, two open it, name one$/],
  },
  {
    name: "adds of two the one that the configuration names",
    world: { repositories: secured("one", "two"), secrets: { one: "reg.test", two: "reg.test" } },
    config: {
      ...add,
      registries: { pullSecrets: [{ images: ["reg.test/**"], secret: { namespace: "ops", name: "two" } }] },
    },
    given: pod(["reg.test/app:v1"]),
    want: [{ op: "add", path: "/spec/imagePullSecrets", value: [{ name: "two" }] }],
    warnings: [/added the imagePullSecret two/],
  },
  {
    name: "says so where the Secret that the configuration names is not in the namespace",
    world: { repositories: secured("login") },
    config: {
      ...add,
      registries: { pullSecrets: [{ images: ["reg.test/**"], secret: { namespace: "ops", name: "login" } }] },
    },
    given: pod(["reg.test/app:v1"]),
    want: [],
    warnings: [/^pullguard: the Secret login, .* is not in shop$/],
  },
  {
    name: "adds no Secret where they may not be listed, and says so",
    world: { repositories: secured("one"), listing: { kind: "unreadable", reason: "no permission to list secrets" } },
    config: add,
    given: pod(["reg.test/app:v1"]),
    want: [],
    warnings: [/no permission to list secrets$/],
  },
  {
    name: "lists the ServiceAccount's Secrets with the added one, which would be lost to a template otherwise",
    world: {
      repositories: { ...secured("two"), "reg.test/base": { tags: { v1: a }, opens: ["one"] } },
      secrets: { two: "reg.test" },
      account: ["one"],
    },
    config: add,
    given: {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web" },
      spec: { template: { spec: { containers: [{ image: "reg.test/base:v1" }, { image: "reg.test/app:v1" }] } } },
    },
    want: [{ op: "add", path: "/spec/template/spec/imagePullSecrets", value: [{ name: "one" }, { name: "two" }] }],
    warnings: [/added the imagePullSecret two/],
  },
  {
    name: "takes a digest from a mirror while the origin is down",
    world: { repositories: { [nginx]: down, "mirror.test/hub/library/nginx": { tags: { any: a } } } },
    config: mirror,
    given: pod([`nginx@${a}`]),
    want: [
      image(`mirror.test/hub/library/nginx@${a}`),
      written({ [`mirror.test/hub/library/nginx@${a}`]: `nginx@${a}` }),
    ],
    warnings: [/^pullguard took spec\.containers\[0\]\.image .* from the mirror mirror\.test\/hub\/library\/nginx@/],
  },
  {
    name: "takes no tag from a mirror while the origin's digest is not known",
    world: { repositories: { [nginx]: down, "mirror.test/hub/library/nginx": { tags: { v1: a } } } },
    config: mirror,
    given: pod(["nginx:v1"]),
    want: [],
    warnings: [/^pullguard took no mirror for .* which digest its origin has is not known$/],
  },
  {
    name: "takes the tag from a mirror that is trusted",
    world: { repositories: { [nginx]: down, "mirror.test/hub/library/nginx": { tags: { v1: b } } } },
    config: trusting,
    given: pod(["nginx:v1"]),
    want: [image("mirror.test/hub/library/nginx:v1"), written({ "mirror.test/hub/library/nginx:v1": "nginx:v1" })],
    warnings: [/from the mirror mirror\.test\/hub\/library\/nginx:v1: RegistryUnreachable, /],
  },
  {
    name: "takes a tag from no mirror that has another digest than the origin, trusted or not",
    world: {
      repositories: { [nginx]: { ...down, digestIsKnown: true }, "mirror.test/hub/library/nginx": { tags: { v1: b } } },
    },
    config: trusting,
    given: pod(["nginx:v1"]),
    want: [],
    warnings: [/^pullguard found no mirror that has .* with sha256:a+$/],
  },
  {
    name: "takes nothing from a mirror because Pullguard had no time to ask the origin",
    world: {
      repositories: {
        [nginx]: { tags: { v1: a }, fault: { verdict: "unknown", cause: "DeadlineExceeded" } },
        "mirror.test/hub/library/nginx": { tags: { v1: a } },
      },
    },
    config: trusting,
    given: pod(["nginx:v1"]),
    want: [],
    warnings: [],
  },
  {
    name: "sets pull policies by how images are named, pinned ones as digests, and leaves Never",
    world: { repositories: { [nginx]: { tags: { latest: a, v1: b } } } },
    config: {
      mutations: {
        pinDigest: { match: { images: ["**:v1"] } },
        setPullPolicy: { latest: "Always", tag: "IfNotPresent", digest: "IfNotPresent" },
      },
    },
    given: {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "web", annotations: { [writtenImagesAnnotation]: '{"gone":"x"}' } },
      spec: {
        containers: [
          { name: "one", image: "nginx", imagePullPolicy: "IfNotPresent" },
          { name: "two", image: "nginx:v1", imagePullPolicy: "Always" },
          { name: "three", image: "nginx:latest", imagePullPolicy: "Never" },
        ],
        volumes: [{ name: "models", image: { reference: "nginx:latest", pullPolicy: "IfNotPresent" } }],
      },
    },
    want: [
      { op: "replace", path: "/spec/containers/0/imagePullPolicy", value: "Always" },
      { op: "replace", path: "/spec/containers/1/image", value: `nginx:v1@${b}` },
      { op: "replace", path: "/spec/containers/1/imagePullPolicy", value: "IfNotPresent" },
      { op: "replace", path: "/spec/volumes/0/image/pullPolicy", value: "Always" },
      {
        op: "add",
        path: `/metadata/annotations/${writtenImagesAnnotation.replace("/", "~1")}`,
        value: JSON.stringify({ [`nginx:v1@${b}`]: "nginx:v1" }),
      },
    ],
    warnings: [/pinned/, /to Always, it was IfNotPresent$/, /to IfNotPresent, it was Always$/, /spec\.volumes\[0\]/],
  },
  {
    name: "sets no pull policy by which an image that is on the nodes would be lost",
    world: { repositories: {}, present: "reg.test/app:v1" },
    config: { mutations: { setPullPolicy: { tag: "Always" } } },
    given: pod(["reg.test/app:v1"]),
    want: [],
    warnings: [],
  },
];

describe("a mutation", () => {
  for (const { name, world, config, given, want, warnings } of cases) {
    it(name, async () => {
      const found = await mutated(mutateDeps(smallWorld(world), config), given);
      assert.deepEqual(found.operations, want);
      assert.equal(found.warnings.length, warnings.length, found.warnings.join("\n"));
      for (const [index, warning] of warnings.entries()) assert.match(found.warnings[index] ?? "", warning);
    });
  }
});
