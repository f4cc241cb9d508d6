import assert from "node:assert/strict";
import fc from "fast-check";
import { PullguardError } from "../../src/core/index.js";
import { readWorkloads, type Workload } from "../../src/workload/index.js";

/** `fieldPath image policy` of every image use. */
function uses(workloads: readonly Workload[]): string[] {
  return workloads.flatMap(({ pod }) => pod.images.map((use) => `${use.fieldPath} ${use.image} ${use.pullPolicy}`));
}

function pod(spec: unknown, metadata: unknown = { name: "p", namespace: "n" }): unknown {
  return { apiVersion: "v1", kind: "Pod", metadata, spec };
}

function only(object: unknown): Workload {
  const [workload, ...rest] = readWorkloads(object);
  assert.ok(workload !== undefined && rest.length === 0);
  return workload;
}

const nginx = { containers: [{ name: "c", image: "nginx:1" }] };
const inTemplate = { spec: { template: { spec: nginx } } };

describe("the kinds that run containers", () => {
  const table: readonly { apiVersion: string; kind: string; body: object; path: string }[] = [
    { apiVersion: "v1", kind: "Pod", body: { spec: nginx }, path: "spec" },
    { apiVersion: "v1", kind: "PodTemplate", body: { template: { spec: nginx } }, path: "template.spec" },
    { apiVersion: "v1", kind: "ReplicationController", body: inTemplate, path: "spec.template.spec" },
    { apiVersion: "apps/v1", kind: "Deployment", body: inTemplate, path: "spec.template.spec" },
    { apiVersion: "extensions/v1beta1", kind: "Deployment", body: inTemplate, path: "spec.template.spec" },
    { apiVersion: "apps/v1", kind: "ReplicaSet", body: inTemplate, path: "spec.template.spec" },
    { apiVersion: "apps/v1", kind: "StatefulSet", body: inTemplate, path: "spec.template.spec" },
    { apiVersion: "apps/v1", kind: "DaemonSet", body: inTemplate, path: "spec.template.spec" },
    { apiVersion: "batch/v1", kind: "Job", body: inTemplate, path: "spec.template.spec" },
    ...["batch/v1", "batch/v1beta1"].map((apiVersion) => ({
      apiVersion,
      kind: "CronJob",
      body: { spec: { jobTemplate: inTemplate } },
      path: "spec.jobTemplate.spec.template.spec",
    })),
  ];
  for (const { apiVersion, kind, body, path } of table) {
    it(`include ${kind} of ${apiVersion}`, () => {
      const { identity, pod: spec } = only({ apiVersion, kind, metadata: { name: "w", namespace: "n" }, ...body });
      assert.deepEqual(identity, { apiVersion, kind, namespace: "n", name: "w" });
      assert.deepEqual(spec.images, [
        {
          image: "nginx:1",
          fieldPath: `${path}.containers[0].image`,
          role: "container",
          name: "c",
          pullPolicy: "IfNotPresent",
        },
      ]);
    });
  }

  const others: readonly { name: string; given: unknown }[] = [
    { name: "Services", given: { apiVersion: "v1", kind: "Service", spec: nginx } },
    { name: "somebody else's Deployment", given: { apiVersion: "example.com/v1", kind: "Deployment", ...inTemplate } },
    { name: "a kind named like a member of every object", given: { apiVersion: "v1", kind: "constructor" } },
    { name: "objects without a kind", given: { containers: [] } },
    { name: "a list of Services", given: { apiVersion: "v1", kind: "ServiceList", items: "?" } },
    { name: "nothing", given: null },
  ];
  for (const { name, given } of others) it(`do not include ${name}`, () => assert.deepEqual(readWorkloads(given), []));
});

describe("lists of workloads", () => {
  const item = (name: string) => pod({ containers: [{ name, image: name }] }, { name });

  it("have paths from each item's own root", () => {
    const list = {
      apiVersion: "v1",
      kind: "List",
      items: [item("a:1"), { apiVersion: "v1", kind: "Service" }, null, item("b:1")],
    };
    assert.deepEqual(uses(readWorkloads(list)), [
      "spec.containers[0].image a:1 IfNotPresent",
      "spec.containers[0].image b:1 IfNotPresent",
    ]);
  });

  it("give their items the kind that these leave out", () => {
    const list = { apiVersion: "apps/v1", kind: "DeploymentList", items: [{ metadata: { name: "d" }, ...inTemplate }] };
    assert.deepEqual(only(list).identity, { apiVersion: "apps/v1", kind: "Deployment", namespace: "", name: "d" });
  });

  it("may hold lists, though not without end", () => {
    const nested = (depth: number): unknown =>
      depth === 0 ? item("a:1") : { apiVersion: "v1", kind: "List", items: [nested(depth - 1)] };
    assert.equal(readWorkloads(nested(3)).length, 1);
    assert.throws(() => readWorkloads(nested(50)), inputInvalid(/lists nested over 4 deep$/));
  });

  it("name the item that cannot be read", () => {
    const list = { apiVersion: "v1", kind: "PodList", items: [item("a"), pod({ containers: "x" })] };
    assert.throws(
      () => readWorkloads(list),
      inputInvalid(/^items\[1\]: spec\.containers: expected a list, found a string$/),
    );
  });
});

describe("the images of a Pod", () => {
  it("are those of containers of all sorts and of image volumes", () => {
    const spec = {
      initContainers: [
        { name: "init", image: "i:1" },
        { name: "sidecar", image: "s:1", restartPolicy: "Always" },
      ],
      containers: [{ name: "c", image: "c:1", imagePullPolicy: "Never" }],
      ephemeralContainers: [{ name: "debug", image: "e:1" }],
      volumes: [
        { name: "tmp", emptyDir: {} },
        { name: "model", image: { reference: "m:1", pullPolicy: "Always" } },
      ],
    };
    assert.deepEqual(
      only(pod(spec)).pod.images.map((use) => [use.role, use.name, use.fieldPath, use.image, use.pullPolicy]),
      [
        ["container", "c", "spec.containers[0].image", "c:1", "Never"],
        ["initContainer", "init", "spec.initContainers[0].image", "i:1", "IfNotPresent"],
        ["initContainer", "sidecar", "spec.initContainers[1].image", "s:1", "IfNotPresent"],
        ["ephemeralContainer", "debug", "spec.ephemeralContainers[0].image", "e:1", "IfNotPresent"],
        ["imageVolume", "model", "spec.volumes[1].image.reference", "m:1", "Always"],
      ],
    );
  });

  it("leave out what has none, and keep the positions of the others", () => {
    const spec = {
      containers: [
        { name: "a" },
        { name: "b", image: "" },
        { name: "c", image: null },
        null,
        { name: "e", image: "e:1" },
      ],
      volumes: [
        { name: "v", image: {} },
        { name: "w", image: null },
      ],
    };
    assert.deepEqual(uses([only(pod(spec))]), ["spec.containers[4].image e:1 IfNotPresent"]);
  });

  const digest = `sha256:${"a".repeat(64)}`;
  const policies: readonly { image: string; want: string }[] = [
    { image: "nginx", want: "Always" },
    { image: "nginx:latest", want: "Always" },
    { image: "localhost:5000/nginx", want: "Always" },
    { image: `nginx:latest@${digest}`, want: "Always" },
    { image: "nginx:1.27", want: "IfNotPresent" },
    { image: "nginx:LATEST", want: "IfNotPresent" },
    { image: `nginx@${digest}`, want: "IfNotPresent" },
    { image: " nginx", want: "IfNotPresent" },
    { image: "nginx:latest ", want: "IfNotPresent" },
    { image: "Nginx", want: "IfNotPresent" },
  ];
  for (const { image, want } of policies) {
    it(`are pulled ${want} by default when written ${JSON.stringify(image.slice(0, 30))}`, () => {
      const spec = {
        containers: [{ name: "c", image, imagePullPolicy: "" }],
        volumes: [{ name: "v", image: { reference: image } }],
      };
      assert.deepEqual(
        only(pod(spec)).pod.images.map((use) => use.pullPolicy),
        [want, want],
      );
    });
  }

  it("are read in no time from ten thousand containers", () => {
    const containers = Array.from({ length: 10_000 }, (_, index) => ({
      name: `c${index}`,
      image: `reg.io/team/app:${index}`,
    }));
    const start = performance.now();
    assert.equal(only(pod({ containers })).pod.images.length, 10_000);
    assert.ok(performance.now() - start < 1000);
  });
});

describe("what else decides a Pod's pulls", () => {
  it("is read from the spec", () => {
    const spec = {
      imagePullSecrets: [{ name: "b" }, { name: "" }, {}, { name: "a" }],
      serviceAccountName: "puller",
      nodeName: "node1",
      nodeSelector: { "kubernetes.io/arch": "arm64" },
    };
    assert.deepEqual(only(pod(spec)).pod, {
      images: [],
      imagePullSecrets: ["b", "", "", "a"],
      serviceAccountName: "puller",
      isTemplate: true,
      nodeName: "node1",
      nodeSelector: { "kubernetes.io/arch": "arm64" },
    });
  });

  for (const spec of [undefined, null, {}, { containers: null, volumes: null, nodeSelector: null, nodeName: "" }]) {
    it(`has its defaults for the spec ${JSON.stringify(spec)}`, () => {
      assert.deepEqual(only(pod(spec)).pod, {
        images: [],
        imagePullSecrets: [],
        serviceAccountName: "default",
        isTemplate: true,
        nodeSelector: {},
      });
    });
  }

  it("may come from the ServiceAccount's former field", () => {
    assert.equal(only(pod({ serviceAccount: "old" })).pod.serviceAccountName, "old");
    assert.equal(only(pod({ serviceAccount: "old", serviceAccountName: "new" })).pod.serviceAccountName, "new");
  });

  const completed: readonly { name: string; given: unknown; isTemplate: boolean }[] = [
    {
      name: "a Pod that went through the API server",
      given: pod({ serviceAccount: "a", serviceAccountName: "a" }),
      isTemplate: false,
    },
    { name: "a Pod as a person writes it", given: pod({ serviceAccountName: "a" }), isTemplate: true },
    {
      name: "a static Pod's mirror",
      given: pod({}, { annotations: { "kubernetes.io/config.mirror": "x" } }),
      isTemplate: false,
    },
    {
      name: "a template that went through the API server",
      given: {
        apiVersion: "batch/v1",
        kind: "Job",
        spec: { template: { spec: { serviceAccount: "a", serviceAccountName: "a" } } },
      },
      isTemplate: true,
    },
  ];
  for (const { name, given, isTemplate } of completed) {
    it(`${isTemplate ? "still lacks" : "already has"} the ServiceAccount's secrets in ${name}`, () => {
      assert.equal(only(given).pod.isTemplate, isTemplate);
    });
  }
});

describe("an object that no API server would take", () => {
  const table: readonly { given: unknown; want: RegExp }[] = [
    { given: "text", want: /^the object: expected an object, found a string$/ },
    { given: [], want: /^the object: expected an object, found a list$/ },
    { given: { kind: 1 }, want: /^kind: expected a string, found a number$/ },
    { given: { kind: "Pod" }, want: /^apiVersion: missing from an object of kind Pod$/ },
    { given: pod("x"), want: /^spec: expected an object, found a string$/ },
    { given: pod({}, "x"), want: /^metadata: expected an object, found a string$/ },
    { given: pod({}, { name: 7 }), want: /^metadata\.name: expected a string, found a number$/ },
    { given: pod({ containers: "x" }), want: /^spec\.containers: expected a list, found a string$/ },
    { given: pod({ containers: { 0: {} } }), want: /^spec\.containers: expected a list, found an object$/ },
    { given: pod({ containers: ["x"] }), want: /^spec\.containers\[0\]: expected an object, found a string$/ },
    {
      given: pod({ initContainers: [{ image: 1 }] }),
      want: /^spec\.initContainers\[0\]\.image: expected a string, found a number$/,
    },
    {
      given: pod({ containers: [{ image: "x", imagePullPolicy: "always" }] }),
      want: /^spec\.containers\[0\]\.imagePullPolicy: expected Always, IfNotPresent or Never$/,
    },
    {
      given: pod({ volumes: [{ image: "x" }] }),
      want: /^spec\.volumes\[0\]\.image: expected an object, found a string$/,
    },
    {
      given: pod({ imagePullSecrets: ["x"] }),
      want: /^spec\.imagePullSecrets\[0\]: expected an object, found a string$/,
    },
    { given: pod({ nodeSelector: { a: true } }), want: /^spec\.nodeSelector\.a: expected a string, found a boolean$/ },
    {
      given: { apiVersion: "batch/v1", kind: "CronJob", spec: { jobTemplate: 1 } },
      want: /^spec\.jobTemplate: expected an object, found a number$/,
    },
    { given: { apiVersion: "v1", kind: "List", items: {} }, want: /^items: expected a list, found an object$/ },
  ];
  for (const { given, want } of table) {
    it(`is refused with its place: ${want.source.slice(1, -1).replaceAll("\\", "")}`, () => {
      assert.throws(() => readWorkloads(given), inputInvalid(want));
    });
  }

  it("never makes reading fail in any other way", () => {
    const key = fc.constantFrom(
      "spec",
      "template",
      "metadata",
      "containers",
      "image",
      "items",
      "volumes",
      "nodeSelector",
      "affinity",
      "tolerations",
    );
    const kind = fc.constantFrom("Pod", "Job", "CronJob", "List", "PodList", "PodTemplate");
    const leaf = fc.constantFrom<unknown>(null, "", "x", 0, true, [], {}, [null], ["x"], [{}]);
    const grown = (inner: fc.Arbitrary<unknown>) => {
      return fc.oneof(leaf, fc.dictionary(key, inner, { maxKeys: 3 }), fc.array(inner, { maxLength: 2 }));
    };
    const tree = grown(grown(grown(leaf)));
    fc.assert(
      fc.property(kind, fc.dictionary(key, tree), (name, body) => {
        try {
          readWorkloads({ apiVersion: "v1", kind: name, ...body });
        } catch (error) {
          assert.ok(error instanceof PullguardError && error.code === "InputInvalid", String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
});

function inputInvalid(message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof PullguardError);
    assert.equal(error.code, "InputInvalid");
    assert.match(error.message, message);
    return true;
  };
}
