import type { Shape } from "./growth.js";

function members(before: string, member: (at: number) => string, separator: string, after: string): Shape["make"] {
  return (length) => {
    const list: string[] = [];
    for (let size = 0; size < length; ) {
      const next = member(list.length);
      list.push(next);
      size += next.length + separator.length;
    }
    return before + list.join(separator) + after;
  };
}

const containerStart = 'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry.';
const podStart =
  '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","kind":{"version":"v1","kind":"Pod"},"operation":"CREATE","object":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"w"},"spec":{"containers":[';

/** By target, what only somebody who knows the format would think of. */
export const manyOf: Readonly<Record<string, readonly Shape[]>> = {
  "admission-reviews": [
    { name: "containers", make: members(podStart, (at) => `{"name":"c${at}","image":"reg.io/i${at}"}`, ",", "]}}}}") },
    { name: "the same image", make: members(podStart, (at) => `{"name":"c${at}","image":"reg.io/i"}`, ",", "]}}}}") },
    { name: "members", make: members('{"a":{', (at) => `"k${at}":1`, ",", "}}") },
    { name: "depth", make: (length) => "[".repeat(length) },
  ],
  "docker-config-json": [
    { name: "entries", make: members('{"auths":{', (at) => `"r${at}.io":{"auth":"YTpi"}`, ",", "}}") },
    { name: "globs", make: members('{"auths":{', (at) => `"*.${at}.*":{"auth":"YTpi"}`, ",", "}}") },
    { name: "auths", make: members("{", () => '"auths":{"a":{"auth":"YTpi"}}', ",", "}") },
    { name: "depth", make: (length) => '{"a":'.repeat(length / 5) },
    { name: "blanks in auth", make: (length) => `{"auths":{"a":{"auth":"${" ".repeat(length)}x"}}}` },
    { name: "escapes", make: (length) => `{"auths":{"${"\\u0041".repeat(length / 6)}":{}}}` },
  ],
  "hosts-toml": [
    { name: "hosts", make: members("", (at) => `[host."http://h${at}.test"]\nca = "c"`, "\n", "") },
    { name: "deep header with keys", make: deepHeader },
    { name: "headers", make: members('[host."http://h".header]\n', (at) => `k${at} = "v"`, "\n", "") },
    { name: "dotted keys", make: members("", (at) => `a.b${at}.c = 1`, "\n", "") },
    { name: "digits of a timeout", make: (length) => `[host."http://h"]\ndial_timeout = "${"1".repeat(length)}"` },
    { name: "short durations", make: (length) => `[host."http://h"]\ndial_timeout = "${"11m".repeat(length / 3)}x"` },
    { name: "cas", make: members("ca = [", (at) => `"c${at}"`, ",", "]") },
  ],
  "containerd-config": [
    { name: "empty lines", make: (length) => "\n".repeat(length) },
    { name: "ends of lines of old", make: (length) => "\r".repeat(length) },
    {
      name: "lists without end",
      make: members("", () => "disabled_plugins = [", "\n", ""),
    },
    {
      name: "mirrors",
      make: members(
        "version = 2\n",
        (at) => `[plugins."io.containerd.grpc.v1.cri".registry.mirrors."r${at}"]\nendpoint = ["http://m${at}"]`,
        "\n",
        "",
      ),
    },
    {
      name: "configs",
      make: members(
        "version = 2\n",
        (at) => `[plugins."io.containerd.grpc.v1.cri".registry.configs."r${at}".tls]\nca_file = "/x${at}"`,
        "\n",
        "",
      ),
    },
    {
      name: "endpoints",
      make: members(`${containerStart}mirrors."reg.test:5000"]\nendpoint = [`, (at) => `"http://m${at}"`, ",", "]"),
    },
    {
      name: "config paths",
      make: (length) => `${containerStart.slice(0, -1)}]\nconfig_path = "${"/a:".repeat(length / 3)}"`,
    },
    { name: "imports", make: members("version = 2\nimports = [", (at) => `"a${at}*.toml"`, ",", "]") },
    { name: "stars of an import", make: (length) => `version = 2\nimports = ["${"*a".repeat(length / 2)}b"]` },
    { name: "deep header with keys", make: deepHeader },
  ],
  "registries-conf": [
    {
      name: "registries",
      make: members("", (at) => `[[registry]]\nlocation = "r${at}.test"\nprefix = "r${at}.test"`, "\n", ""),
    },
    { name: "equal registries", make: members("", () => '[[registry]]\nlocation = "r.test"', "\n", "") },
    {
      name: "mirrors",
      make: members(
        '[[registry]]\nlocation = "reg.test:5000"\n',
        (at) => `[[registry.mirror]]\nlocation = "m${at}"`,
        "\n",
        "",
      ),
    },
    { name: "aliases", make: members("[aliases]\n", (at) => `"a${at}" = "b.test/a${at}"`, "\n", "") },
    { name: "search", make: members("unqualified-search-registries = [", (at) => `"r${at}.test"`, ",", "]") },
    {
      name: "version 1",
      make: members(
        "[registries.search]\nregistries = [",
        (at) => `"r${at}.test"`,
        ",",
        ']\n[registries.insecure]\nregistries=["a"]',
      ),
    },
    {
      name: "version 1 insecure",
      make: members("[registries.insecure]\nregistries = [", (at) => `"r${at}.test"`, ",", "]"),
    },
  ],
  "policy-json": [
    {
      name: "scopes",
      make: members(
        '{"default":[{"type":"reject"}],"transports":{"docker":{',
        (at) => `"r${at}":[{"type":"reject"}]`,
        ",",
        "}}}",
      ),
    },
  ],
  "daemon-json": [
    { name: "insecure", make: members('{"insecure-registries":[', (at) => `"r${at}.test"`, ",", "]}") },
    { name: "ranges", make: members('{"insecure-registries":[', (at) => `"10.${at % 256}.0.0/16"`, ",", "]}") },
    { name: "mirrors", make: members('{"registry-mirrors":[', (at) => `"https://m${at}.test"`, ",", "]}") },
    {
      name: "slashes inside of a mirror",
      make: (length) => `{"registry-mirrors":["https://m${"/".repeat(length)}x"]}`,
    },
    { name: "a quote and line breaks", make: (length) => `{"a"${"\n".repeat(length)}:` },
    { name: "commas and blanks", make: (length) => `{"a",${" ".repeat(length)}x` },
    { name: "unknown keys", make: members("{", (at) => `"k${at}":1`, ",", "}") },
  ],
  "runtime-units": [
    { name: "variables", make: members("[Service]\nEnvironment=", (at) => `A${at}=b`, " ", "\n") },
    { name: "settings", make: members("[Service]\n", (at) => `Environment=A${at}=b`, "\n", "") },
    { name: "joined lines", make: (length) => `[Service]\nEnvironment=${"a \\\n".repeat(length / 4)}` },
    {
      name: "a proxy's exceptions",
      make: members('[Service]\nEnvironment="HTTPS_PROXY=http://p" "NO_PROXY=', (at) => `h${at}.test`, ",", '"\n'),
    },
  ],
  "environment-files": [
    { name: "assignments", make: members("", (at) => `A${at}=b`, "\n", "") },
    { name: "empty quotes", make: (length) => `A=${"''".repeat(length / 2)}` },
    { name: "backslashes", make: (length) => `A=${"\\a".repeat(length / 2)}` },
    { name: "comments", make: members("", () => "# a", "\n", "") },
  ],
  "certificate-files": [
    { name: "begins", make: members("", () => "-----BEGIN A-----", "\n", "") },
    { name: "different begins", make: members("", (at) => `-----BEGIN A${at}-----`, "\n", "") },
    { name: "empty blocks", make: members("", () => "-----BEGIN A-----\n-----END A-----", "\n", "") },
  ],
  "node-pull-profiles": [
    {
      name: "files",
      make: members(
        '{"metadata":{"name":"p"},"spec":{"runtime":"containerd://1.7.13","files":[',
        (at) => `{"path":"/etc/containerd/certs.d/r${at}.test/hosts.toml","content":"a=1"}`,
        ",",
        "]}}",
      ),
    },
    {
      name: "nodes",
      make: members('{"metadata":{"name":"p"},"spec":{},"status":{"nodes":[', (at) => `{"name":"n${at}"}`, ",", "]}}"),
    },
    {
      name: "hosts with credentials",
      make: members(
        '{"metadata":{"name":"p"},"spec":{"credentials":{"hosts":[',
        (at) => `"*.r${at}.test"`,
        ",",
        "]}}}",
      ),
    },
    {
      name: "depth of a path",
      make: (length) => `{"metadata":{"name":"p"},"spec":{"files":[{"path":"${"/a".repeat(length / 2)}"}]}}`,
    },
    {
      name: "deep paths",
      make: members(
        '{"metadata":{"name":"p"},"spec":{"runtime":"docker://20.10.24","files":[',
        (at) => `{"path":"/etc/docker/certs.d${"/a".repeat(20)}${at}"}`,
        ",",
        "]}}",
      ),
    },
  ],
  "kubelet-yaml": [
    {
      name: "providers",
      make: members(
        "apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\nproviders:\n",
        (at) => `- name: p${at}\n  matchImages: ["*.r${at}.test"]`,
        "\n",
        "\n",
      ),
    },
    { name: "anchors", make: members("a0: &a0 [x]\n", (at) => `a${at + 1}: &a${at + 1} [*a${at}]`, "\n", "\n") },
    { name: "keys", make: members("", (at) => `k${at}: v`, "\n", "\n") },
    { name: "depth", make: (length) => "[".repeat(length) },
  ],
  "manifest-files": [
    { name: "documents", make: members("", (at) => `kind: Pod\nmetadata: {name: a${at}}`, "\n---\n", "\n") },
    { name: "keys", make: members("kind: Pod\n", (at) => `k${at}: v`, "\n", "\n") },
    { name: "containers", make: members("kind: Pod\nspec:\n  containers:\n", (at) => `  - image: i${at}`, "\n", "\n") },
    { name: "block scalars", make: members("kind: Pod\na: |\n", () => "  line", "\n", "\n") },
    { name: "JSON members", make: members('{"kind":"Pod","a":{', (at) => `"k${at}":"image"`, ",", "}}") },
    { name: "merges", make: members("a: &a {x: y}\n", (at) => `k${at}: {<<: *a}`, "\n", "\n") },
  ],
  "www-authenticate": [
    { name: "parameters", make: members("Bearer ", (at) => `a${at}=b`, ",", "") },
    { name: "lines", make: members("", () => 'Bearer realm="https://a"', "\n", "") },
    { name: "scopes", make: (length) => `Bearer realm="https://a",scope="${"a ".repeat(length / 2)}"` },
  ],
  "answer-headers": [
    { name: "limits and policies", make: limitsAndPolicies },
    { name: "errors", make: members('x: y\n\n{"errors":[', () => '{"code":"A","message":"b"}', ",", "]}") },
  ],
  "dial-rules": [{ name: "exceptions", make: members("", (at) => `h${at}.test`, ",", "\nreg.test") }],
  "image-names": [
    { name: "labels", make: (length) => `${"a.".repeat(length / 2)}io/x` },
    { name: "upper case", make: (length) => `reg.io/${"A".repeat(length)}` },
    { name: "digest algorithm", make: (length) => `reg.io/a@${"a+".repeat(length / 2)}a:${"0".repeat(64)}` },
  ],
  "image-patterns": [{ name: "stars", make: (length) => `reg.io/${"*a".repeat(200)}\nreg.io/${"a".repeat(length)}` }],
  manifests: [
    {
      name: "layers",
      make: members('{"schemaVersion":2,"config":{},"layers":[', () => '{"digest":"sha256:0","size":1}', ",", "]}"),
    },
    {
      name: "entries",
      make: members(
        '{"schemaVersion":2,"manifests":[',
        (at) => `{"digest":"sha256:0","platform":{"os":"linux","architecture":"a${at}"}}`,
        ",",
        "]}",
      ),
    },
    { name: "annotations", make: members('{"schemaVersion":2,"annotations":{', (at) => `"k${at}":"v"`, ",", "}}") },
    { name: "depth", make: (length) => '{"a":'.repeat(length / 5) },
  ],
  "pullguard-configs": [
    {
      name: "rules",
      make: members(
        '{"apiVersion":"pullguard.dev/v1","kind":"PullguardConfig","spec":{"rules":[',
        (at) => `{"name":"r${at}","match":{},"actions":["Warn"]}`,
        ",",
        "]}}",
      ),
    },
    {
      name: "unknown fields",
      make: members(
        '{"apiVersion":"pullguard.dev/v1","kind":"PullguardConfig","spec":{',
        (at) => `"k${at}":1`,
        ",",
        "}}",
      ),
    },
  ],
  "tar-headers": [{ name: "records", make: paxRecords }],
};

function deepHeader(length: number): string {
  const keys: string[] = [];
  for (let at = 0; keys.length * 8 < length / 2; at += 1) keys.push(`k${at}=1`);
  return `[${"a.".repeat(length / 4)}a]\n${keys.join("\n")}`;
}

function limitsAndPolicies(length: number): string {
  return `ratelimit: ${'"a";r=1,'.repeat(length / 18)}\nratelimit-policy: ${'"b";q=1,'.repeat(length / 18)}`;
}

/** One extended header of many records. */
function paxRecords(length: number): string {
  const body = Buffer.from("6 a=b\n".repeat(Math.ceil(length / 6)), "latin1");
  const header = Buffer.alloc(512);
  header.write("meta", 0);
  header.write(`${body.length.toString(8).padStart(11, "0")}\0`, 124);
  header[156] = 0x78;
  return header.toString("latin1") + body.toString("latin1") + "\0".repeat((512 - (body.length % 512)) % 512);
}
