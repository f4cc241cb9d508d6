import assert from "node:assert/strict";
import { Redacted } from "../../src/core/index.js";
import {
  configuredRegistries,
  guessRuntime,
  type HostPlan,
  nodeFilesFromMap,
  parseRuntime,
  seenNodeProfile,
} from "../../src/node/index.js";
import { withholdSecrets } from "../../src/node/snapshot/withhold.js";
import { type ImageReference, parseReference } from "../../src/reference/index.js";
import { canary, type FuzzTarget, type Told } from "../target.js";
import { nodeFileSeeds } from "./node-file-seeds.js";

type Files = Parameters<typeof nodeFilesFromMap>[0];

const references: readonly ImageReference[] = ["nginx", "reg.test:5000/team/app:v1", "a.b.test/x"].map((image) => {
  const parsed = parseReference(image, "current");
  if (parsed.kind !== "reference") throw new Error(`${image} is no name`);
  return parsed.reference;
});
const identityKey = new Uint8Array(32).fill(7);
const pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

/** One file of a node with the others around it that make it count; every runtime reads it and plans pulls. */
function nodeFile(
  name: string,
  path: string,
  runtimes: readonly string[],
  rest: { readonly words: readonly string[]; readonly files?: Files; readonly format?: "json" },
): FuzzTarget {
  const known = runtimes.map(parseRuntime);
  return {
    name,
    seeds: nodeFileSeeds[name] ?? [],
    words: rest.words,
    ...(rest.format === undefined ? {} : { format: rest.format }),
    run(input) {
      const tree = nodeFilesFromMap({ ...rest.files, [path]: input });
      guessRuntime(tree);
      const told = known.map((runtime) => {
        const profile = seenNodeProfile({ name: "node", files: tree, runtime, identityKey });
        const plans = references.map((reference) => profile.hostsFor(reference));
        configuredRegistries(tree, profile);
        return {
          shape: `${profile.issues.map(({ code }) => code)} ${plans.map(shapeOf)}`,
          plans,
          issues: profile.issues,
        };
      });
      return {
        shape: told.map(({ shape }) => shape).join(" | "),
        said: told.flatMap(({ plans, issues }) => [...issues, ...plans].map((each) => JSON.stringify(each, sayOnly))),
      };
    },
  };
}

/** Headers are kept for the registry and shown nowhere; secrets show nothing of themselves. */
function sayOnly(this: unknown, key: string, value: unknown): unknown {
  if (key === "headers" || key === "noProxy") return undefined;
  return value instanceof Redacted ? String(value) : value;
}

function shapeOf(plan: HostPlan): string {
  if (plan.kind !== "hosts")
    return `${plan.kind} ${plan.message
      .slice(0, 200)
      .replace(/".*"|\d+|\S*[./]\S*/g, "")
      .slice(0, 40)}`;
  const flags = [plan.partial, plan.unseenHosts, plan.doubt?.kind].map((each) => each ?? "-").join("");
  const hosts = plan.hosts.map(
    ({ scheme, tls, capabilities, httpFallback }) =>
      `${scheme[4] ?? ""}${tls.verify}${capabilities.length}${httpFallback[0]}`,
  );
  return `${flags} ${hosts.slice(0, 4)} ${[...new Set(plan.issues.map(({ code }) => code))]}`;
}

const toml = [
  "[",
  "]",
  "[[",
  "]]",
  "=",
  ".",
  ",",
  "{",
  "}",
  '"',
  '"""',
  "'",
  "'''",
  "#",
  "\\",
  "\n",
  "true",
  "1979-05-27",
  "inf",
];
const containerds = ["containerd://1.6.20", "containerd://1.7.34", "containerd://2.3.4"];

const hostsToml = nodeFile("hosts-toml", "/etc/containerd/certs.d/reg.test:5000/hosts.toml", containerds, {
  words: [
    ...toml,
    "server",
    "host",
    "capabilities",
    '"pull"',
    "skip_verify",
    "ca",
    "client",
    "override_path",
    "dial_timeout",
    '"5s"',
  ],
  files: {
    "/etc/containerd/config.toml":
      'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = "/etc/containerd/certs.d"\n',
    "/etc/containerd/certs.d/reg.test:5000/ca.pem": pem,
  },
});
const containerdConfig = nodeFile("containerd-config", "/etc/containerd/config.toml", containerds, {
  words: [
    ...toml,
    "version",
    "imports",
    "plugins",
    '"io.containerd.grpc.v1.cri"',
    "registry",
    "mirrors",
    "configs",
    "config_path",
    "auth",
  ],
  files: { "/etc/containerd/conf.d/a.toml": "version = 2\n" },
});
const registriesConf = nodeFile(
  "registries-conf",
  "/etc/containers/registries.conf",
  ["podman://4.3.1", "cri-o://1.36.0"],
  {
    words: [
      ...toml,
      "[[registry]]\n",
      "[[registry.mirror]]\n",
      "prefix",
      "location",
      "insecure",
      "blocked",
      "unqualified-search-registries",
      "short-name-mode",
      "[aliases]\n",
      "[registries.search]\n",
      "registries",
    ],
    files: { "/etc/containers/registries.conf.d/a.conf": '[[registry]]\nlocation="reg.test:5000"\n' },
  },
);
const policyJson = nodeFile("policy-json", "/etc/containers/policy.json", ["podman://4.3.1", "cri-o://1.36.0"], {
  format: "json",
  words: [
    '"default":',
    '"transports":',
    '"docker":',
    '"type":"reject"',
    '"insecureAcceptAnything"',
    '"signedBy"',
    "[",
    "{",
    "}",
  ],
});
const crioConf = nodeFile("crio-conf", "/etc/crio/crio.conf", ["cri-o://1.24.0", "cri-o://1.36.0"], {
  words: [
    ...toml,
    "[crio.image]\n",
    "insecure_registries",
    "registries",
    "signature_policy",
    "global_auth_file",
    "short_name_mode",
  ],
});
const daemonJson = nodeFile("daemon-json", "/etc/docker/daemon.json", ["docker://20.10.24", "docker://28.3.2"], {
  format: "json",
  words: [
    '"insecure-registries":',
    '"registry-mirrors":',
    '"proxies":',
    '"features":',
    "10.0.0.0/8",
    "https://",
    "[",
    "]",
    "{",
    ",",
  ],
});
const nodeAuth = nodeFile("node-credentials", "/var/lib/kubelet/config.json", ["containerd://1.7.34"], {
  format: "json",
  words: ['"auths":', '"auth":', "reg.test:5000", "{", "}"],
});
const unitFile = nodeFile(
  "runtime-units",
  "/etc/systemd/system/containerd.service.d/proxy.conf",
  ["containerd://1.7.34"],
  {
    words: [
      "[Service]\n",
      "Environment=",
      "EnvironmentFile=",
      '"',
      "'",
      "\\\n",
      "%i",
      "\\x41",
      "HTTPS_PROXY=",
      "NO_PROXY=",
      "http://",
      "@",
      ":3128",
      "#",
      ";",
      "\n",
    ],
    files: { "/etc/systemd/system/containerd.service": "[Service]\nExecStart=/usr/bin/containerd\n" },
  },
);
const environmentFile = nodeFile("environment-files", "/etc/default/docker", ["docker://20.10.24"], {
  words: ["HTTPS_PROXY=", "NO_PROXY=", '"', "'", "\\\n", "\\", "export ", "#", ";", "=", "\n", "http://u:p@x:3128"],
  files: {
    "/lib/systemd/system/docker.service":
      "[Service]\nEnvironmentFile=-/etc/default/docker\nExecStart=/usr/bin/dockerd\n",
  },
});
const caFile = nodeFile("certificate-files", "/etc/containerd/certs.d/reg.test:5000/ca.crt", ["containerd://1.7.34"], {
  words: [
    "-----BEGIN CERTIFICATE-----\n",
    "-----END CERTIFICATE-----\n",
    "-----BEGIN PRIVATE KEY-----\n",
    "MIIB",
    "\n",
    ":",
  ],
  files: {
    "/etc/containerd/config.toml":
      'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = "/etc/containerd/certs.d"\n',
  },
});

/** Names of folders and files below the folder of registries: `folder`, a line break, `file`. */
const certsFolders: FuzzTarget = {
  name: "certs-d-names",
  seeds: [
    "reg.test:5000\nhosts.toml",
    "reg.test_5000_\nca.crt",
    "_default\nhosts.toml",
    "..\nhosts.toml",
    "docker.io\nclient.cert",
  ],
  words: ["reg.test", ":5000", "_5000_", "_default", "..", "/", ".crt", ".cert", ".key", "hosts.toml", "\n"],
  run(input) {
    const [folder = "", file = ""] = input.split("\n");
    const shapes = ["containerd://1.7.34", "docker://20.10.24", "podman://4.3.1"].map((runtime, index) => {
      const root = ["/etc/containerd/certs.d", "/etc/docker/certs.d", "/etc/containers/certs.d"][index] ?? "";
      const tree = nodeFilesFromMap({
        [`${root}/${folder}/${file}`]: "server = 'https://x'\n",
        [`${root}/a/ca.crt`]: pem,
      });
      const profile = seenNodeProfile({ name: "node", files: tree, runtime: parseRuntime(runtime), identityKey });
      return references.map((reference) => shapeOf(profile.hostsFor(reference))).join();
    });
    return { shape: shapes.join(" | ") };
  },
};

const shown = [
  "/etc/containerd/config.toml",
  "/etc/docker/daemon.json",
  "/etc/containers/registries.conf",
  "/etc/systemd/system/docker.service",
];

/** What of a file leaves the node. */
const published: FuzzTarget = {
  name: "published-files",
  seeds: [
    "hosts-toml",
    "containerd-config",
    "daemon-json",
    "registries-conf",
    "runtime-units",
    "environment-files",
  ].flatMap((name) => nodeFileSeeds[name] ?? []),
  words: [...toml, "password", "auth", "Authorization", "http://u:p@x", '"', "{", "}", canary],
  run(input): Told {
    const files = shown.map((path) => withholdSecrets(path, input));
    const outcomes = files.map(({ content, unreadable }) => {
      if (content === undefined) return unreadable === undefined ? "absent" : "withheld";
      assert.ok(content.split("\n").length <= input.split("\n").length + 2, "lines keep their numbers");
      return content === input ? "as it is" : "redacted";
    });
    return { shape: outcomes.join(), said: files.flatMap(({ content }) => content ?? []) };
  },
};

/** Files of nodes, read as the webhook and `--node-root` read them. */
export const nodeFileTargets: readonly FuzzTarget[] = [
  hostsToml,
  containerdConfig,
  registriesConf,
  policyJson,
  crioConf,
  daemonJson,
  nodeAuth,
  unitFile,
  environmentFile,
  caFile,
  certsFolders,
  published,
];
