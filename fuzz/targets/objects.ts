import assert from "node:assert/strict";
import { CoordinationV1Api, CoreV1Api, CustomObjectsApi, createConfiguration } from "@kubernetes/client-node";
import { parseManifest } from "../../src/cli/documents.js";
import { pulledEventResource } from "../../src/cluster/watched-event.js";
import { leaseResource } from "../../src/cluster/watched-lease.js";
import { nodeResource } from "../../src/cluster/watched-node.js";
import { pendingPodResource } from "../../src/cluster/watched-pod.js";
import { profileResource } from "../../src/cluster/watched-profile.js";
import { findIssues, publishedNodeProfiles } from "../../src/node/index.js";
import { coverNodes, readPublishedProfile } from "../../src/placement/index.js";
import { parseReference } from "../../src/reference/index.js";
import { canary, type FuzzTarget } from "../target.js";

const configuration = createConfiguration();
const core = new CoreV1Api(configuration);
const resources = [
  nodeResource(core),
  leaseResource(new CoordinationV1Api(configuration), "pullguard"),
  profileResource(new CustomObjectsApi(configuration)),
  pendingPodResource(core),
  pulledEventResource(core),
];

/** Objects that are watched: whatever the API server sends, something is kept of it. */
export const watched: FuzzTarget = {
  name: "watched-objects",
  weight: 20,
  format: "json",
  seeds: [
    '{"metadata":{"name":"n","resourceVersion":"1","labels":{"a":"b"}},"spec":{"taints":[{"key":"k","effect":"NoSchedule"}],"unschedulable":true},"status":{"nodeInfo":{"containerRuntimeVersion":"containerd://1.7.13","operatingSystem":"linux","architecture":"amd64","kubeletVersion":"v1.29.3"},"allocatable":{"ephemeral-storage":"100Gi"},"images":[{"names":["a:b","a@sha256:c"],"sizeBytes":12}]}}',
    '{"metadata":{"name":"l","namespace":"p","annotations":{"pullguard.dev/profile":"x"}},"spec":{"holderIdentity":"n","leaseDurationSeconds":120,"renewTime":"2026-01-01T00:00:00.000000Z"}}',
    '{"metadata":{"name":"p"},"spec":{"nodeName":"n","containers":[{"name":"a","image":"b"}]},"status":{"containerStatuses":[{"name":"a","state":{"waiting":{"reason":"ErrImagePull"}}}],"startTime":"2026-01-01T00:00:00Z"}}',
    '{"metadata":{"name":"e"},"reason":"Pulled","message":"Successfully pulled image \\"a\\" in 1.5s (2s including waiting). Image size: 12 bytes.","source":{"host":"n"}}',
  ],
  words: ['"metadata":', '"status":', '"spec":', '"images":', "null", "1e99", "100Gi", "[]"],
  run(input) {
    const object = parsed(input);
    const kept = resources.map((resource) => resource.prune(object));
    for (const { metadata } of kept) assert.equal(typeof metadata.name, "string");
    return { shape: kept.map((each) => Object.keys(each).length).join() };
  },
};

const reference = (() => {
  const read = parseReference("reg.test:5000/team/app:v1", "current");
  if (read.kind !== "reference") throw new Error("no name");
  return read.reference;
})();

/** NodePullProfiles as a node that was taken over might publish them. */
export const profiles: FuzzTarget = {
  name: "node-pull-profiles",
  format: "json",
  seeds: [
    `{"metadata":{"name":"p","uid":"u","generation":1,"labels":{"app.kubernetes.io/managed-by":"pullguard-node-agent"}},"spec":{"runtime":"containerd://1.7.13","platform":"linux/amd64","files":[{"path":"/etc/containerd/config.toml","content":"version = 2\\n[plugins.\\"io.containerd.grpc.v1.cri\\".registry]\\nconfig_path = \\"/etc/containerd/certs.d\\"\\n"},{"path":"/etc/containerd/certs.d/reg.test:5000/hosts.toml","content":"server = \\"https://reg.test\\"\\n"}],"systemTrust":{"publicRoots":true,"fingerprints":["ab"]},"credentials":{"hosts":["*.test"],"providers":[{"name":"e","matchImages":["*"]}]}},"status":{"nodes":[{"name":"n"}]}}`,
    '{"metadata":{"name":"h"},"spec":{"runtime":"docker://20.10.24","files":[{"path":"/etc/docker/daemon.json","content":"{\\"registry-mirrors\\":[\\"https://m.test\\"]}"},{"path":"/etc/docker/certs.d/","unreadable":"x"}],"nodeSelector":{"matchLabels":{"a":"b"},"matchExpressions":[{"key":"c","operator":"NotIn","values":["d"]}]},"taints":[{"key":"t","effect":"NoSchedule"}]}}',
    `{"metadata":{"name":"x"},"spec":{"runtime":"cri-o://1.36.0","files":[{"path":"/etc/containers/registries.conf","content":"[[registry]]\\nlocation = \\"reg.test:5000\\"\\nblocked = true\\n# password = \\"${canary}\\""}]}}`,
  ],
  words: [
    '"files":',
    '"path":',
    '"content":',
    '"unreadable":',
    '"runtime":',
    "containerd://",
    "/etc/",
    "../",
    '"nodeSelector":',
    "null",
  ],
  run(input) {
    const reading = readPublishedProfile(parsed(input));
    if (reading.kind === "invalid")
      return { shape: `invalid ${reading.message.slice(0, 20)}`, said: [reading.message] };
    const { profile } = reading;
    const node = {
      state: { name: "n", labels: { a: "b" }, images: [], imagesAreComplete: true },
      taints: [],
      unschedulable: false,
      programs: {},
    };
    const made = publishedNodeProfiles({
      name: profile.name,
      spec: profile.spec,
      wellKnown: new Map(),
      identityKey: new Uint8Array(32),
      stores: new Map(),
    });
    const covered = coverNodes(
      [node],
      [profile],
      new Map([["n", { profile: profile.name, confirmedMs: 0, validMs: 9 }]]),
      {
        nowMs: 1,
        unseenFor: () => made,
        profileFor: () => made,
      },
    );
    const plans = made.map(
      (each) =>
        `${each.runtime.name} ${each.trust} ${each.hostsFor(reference).kind} ${findIssues(each, profile.spec).length > 0}`,
    );
    return { shape: `${plans} ${covered.pools.length} ${covered.aged.length} ${profile.isHandWritten}` };
  },
};

/** Manifests as people and generators write them, YAML or JSON. */
export const manifestFiles: FuzzTarget = {
  name: "manifest-files",
  // As for the kubelet's YAML.
  longest: 1500,
  seeds: [
    "# Source: chart/templates/a.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    image: nginx\n---\nkind: List\nitems:\n- kind: Pod\n",
    "a: &a [x, y]\nkind: Pod\nb: *a\n<<: *a\n",
    '{"kind":"List","items":[{"kind":"Pod"},{"kind":"PodList","items":[{}]}]}',
    `kind: Secret\nstringData:\n  password: "${canary}"\n  x: |\n    y\n`,
    "%YAML 1.2\n---\n? a\n: b\n...\n",
  ],
  words: [
    "---\n",
    "...\n",
    "&a ",
    "*a",
    "<<: ",
    "- ",
    "  ",
    "kind: ",
    "image: ",
    "|\n",
    ">\n",
    "? ",
    "!!set ",
    "%YAML 1.1\n",
    "{",
    "[",
    "'",
    '"',
    "#",
  ],
  run(input) {
    const objects = parseManifest({ name: "a.yaml", text: input });
    for (const { origin } of objects) origin.position("spec.containers[0].image");
    return {
      shape: `${Math.min(objects.length, 9)} ${objects
        .map(({ origin }) => origin.source !== undefined)
        .join("")
        .slice(0, 20)}`,
    };
  },
};

function parsed(input: string): unknown {
  try {
    return JSON.parse(input);
  } catch {
    return input;
  }
}
