import { type Behaviour, type RegistrySpec, secure } from "../support/lab/index.js";
import { oneCaseEach, type ParityCase, type Scenario, together } from "./scenario.js";

/** Its folder on the node holds a certificate only, so one host is all the runtime has to try. */
function alone(host: string, behaviours: readonly Behaviour[]): RegistrySpec {
  return { host, port: 443, transport: { kind: "trusted" }, behaviours, node: { "ca.crt": "{ca}" } };
}

function status(code: number): RegistrySpec {
  return alone(`status${code}.test`, [{ kind: "status", status: code }]);
}

function headOnly(code: number): RegistrySpec {
  return alone(`head${code}.test`, [{ kind: "method-status", method: "HEAD", status: code }]);
}

function getOnly(code: number): RegistrySpec {
  return alone(`get${code}.test`, [{ kind: "method-status", method: "GET", status: code }]);
}

function atFirst(code: number, times: number): RegistrySpec {
  return alone(`first${times}x${code}.test`, [{ kind: "status-at-first", status: code, times }]);
}

const zeros = `sha256:${"0".repeat(64)}`;

const oddAnswers: readonly RegistrySpec[] = [
  ...[204, 301, 304, 400, 401, 403, 408, 410, 418, 451, 500, 502, 504].map(status),
  ...[400, 401, 403, 404, 406, 500, 501].map(headOnly),
  ...[401, 403, 404, 500].map(getOnly),
  ...[1, 4, 5, 6, 12].map((times) => atFirst(429, times)),
  atFirst(503, 1),
  atFirst(500, 1),
  atFirst(408, 1),
  atFirst(404, 1),
  secure("digestlie.test", [{ kind: "digest-header", value: zeros }]),
  secure("digestgarbage.test", [{ kind: "digest-header", value: "sha256:short" }]),
  secure("digestempty.test", [{ kind: "digest-header", value: "" }]),
  secure("nodigest405.test", [{ kind: "no-digest-header" }, { kind: "head-405" }]),
  secure("nodigestwrong.test", [{ kind: "no-digest-header" }, { kind: "wrong-manifest-bytes" }]),
  secure("typeless.test", [{ kind: "content-type", value: null }]),
  secure("htmltype.test", [{ kind: "content-type", value: "text/html" }]),
  secure("texttype.test", [{ kind: "content-type", value: "text/plain; charset=utf-8" }]),
  secure("octettype.test", [{ kind: "content-type", value: "application/octet-stream" }]),
  secure("schema1type.test", [
    { kind: "content-type", value: "application/vnd.docker.distribution.manifest.v1+prettyjws" },
  ]),
  secure("uppertype.test", [{ kind: "content-type", value: "Application/Vnd.Oci.Image.Manifest.V1+Json" }]),
  alone("handshake.test", [{ kind: "hang-in-handshake" }]),
  secure("hangbody.test", [{ kind: "hang-in-body" }]),
];

function redirecting(host: string, to: string, code = 307): RegistrySpec {
  return secure(host, [{ kind: "manifest-redirect", to, status: code }]);
}

/** The target serves the same bytes, so a followed redirect ends well. */
const redirects: readonly RegistrySpec[] = [
  ...[301, 302, 303, 307, 308].map((code) => redirecting(`to${code}.test`, "https://target.test", code)),
  redirecting("tohttp.test", "http://targethttp.test:5000"),
  redirecting("tountrusted.test", "https://unknown.test"),
  redirecting("torefused.test", "https://refused.test"),
  redirecting("tononame.test", "https://nosuch-name.test"),
  redirecting("to404.test", "https://e404all.test"),
  redirecting("tobasic.test", "https://basic.test"),
  { ...redirecting("tonowhere.test", "", 302), behaviours: [{ kind: "status", status: 302 }] },
];

const targets: readonly RegistrySpec[] = [
  secure("target.test"),
  { host: "targethttp.test", port: 5000, transport: { kind: "http" } },
];

function followed(spec: RegistrySpec): RegistrySpec {
  const to = (spec.behaviours ?? []).find(
    (one): one is Extract<Behaviour, { kind: "manifest-redirect" }> => one.kind === "manifest-redirect",
  );
  const target = targets.find((one) => to?.to.includes(one.host));
  return target === undefined ? spec : { ...spec, contentOf: target.host };
}

const blobRedirects: readonly RegistrySpec[] = [
  secure("blobuntrusted.test", [{ kind: "blob-redirect", to: "https://unknown.test" }]),
  secure("blobrefused.test", [{ kind: "blob-redirect", to: "https://refused.test" }]),
  secure("blobnoname.test", [{ kind: "blob-redirect", to: "https://nosuch-name.test" }]),
  secure("blob404.test", [{ kind: "blob-redirect", to: "https://e404all.test" }]),
  secure("blobhttp.test", [{ kind: "blob-redirect", to: "http://targethttp.test:5000" }]),
];

const oddTags = [
  "only386",
  "amd64v2",
  "amd64v1",
  "x86-64",
  "upper",
  "windows",
  "noplatform",
  "noplatform-arm64",
  "emptyplatform",
  "liar",
  "nested",
  "empty",
  "dockerlist",
  "octet",
  "plainjson",
  "notype",
  "charset",
  "texttype",
  "index-as-manifest",
  "manifest-as-index",
  "docker-as-oci",
  "schema1",
  "zero",
  "huge",
  "unknownlayer",
  "windows-single",
];

const references: readonly ParityCase[] = [
  { id: "digest", image: "ok.test/team/app@{team/app:v1}" },
  { id: "digest-index", image: "ok.test/idx@{idx:multi}" },
  { id: "digest-unknown", image: `ok.test/team/app@${zeros}` },
  { id: "digest-wrong-repository", image: "ok.test/team/app@{idx:multi}" },
  { id: "digest-sha512", image: `ok.test/team/app@sha512:${"0".repeat(128)}` },
  { id: "digest-nodigest", image: "nodigest.test/team/app@{team/app:v1}" },
  { id: "digest-head405", image: "head405.test/team/app@{team/app:v1}" },
  { id: "digest-lie", image: "digestlie.test/team/app@{team/app:v1}" },
  { id: "digest-typeless", image: "typeless.test/team/app@{team/app:v1}" },
  { id: "digest-head404", image: "head404.test/team/app@{team/app:v1}" },
  { id: "digest-head403", image: "head403.test/team/app@{team/app:v1}" },
  { id: "digest-503", image: "e503.test/team/app@{team/app:v1}" },
  { id: "wrongmanifest-tag", image: "wrongmanifest.test/team/app:v1" },
  { id: "wrongmanifest-tag-index", image: "wrongmanifest.test/idx:multi" },
  { id: "wrongmanifest-digest-index", image: "wrongmanifest.test/idx@{idx:multi}" },
  { id: "tag-upper", image: "ok.test/team/app:V1" },
  { id: "hub-short", image: "team/app:v1" },
  { id: "hub-index", image: "index.docker.io/team/app:v1" },
  { id: "hub-domain-solo", image: "docker.io/solo" },
  { id: "hub-registry-1", image: "registry-1.docker.io/team/app:v1" },
  { id: "library-elsewhere", image: "ok.test/solo" },
  { id: "latest-missing", image: "ok.test/team/app" },
  { id: "name-too-deep", image: "ok.test/deep/er/path/app/more:v1" },
  { id: "idx-dangling-digest", image: "ok.test/idx@{idx:dangling}" },
];

/** Manifests of every kind, `prefix` before the ids. */
export function oddManifests(prefix: string): Scenario {
  return {
    registries: [],
    cases: oddTags.map((tag) => ({
      id: `${prefix}odd-${tag}`,
      image: `ok.test/odd:${tag}`,
      ...(tag === "unknownlayer" ? { level: "content" as const } : {}),
    })),
  };
}

/** What registries answer, and what their manifests look like. */
export const answers: Scenario = together([
  oneCaseEach([...oddAnswers, ...redirects.map(followed)]),
  { registries: targets, cases: [] },
  {
    registries: blobRedirects,
    cases: oneCaseEach(blobRedirects).cases.map((one) => ({ ...one, level: "content" as const })),
  },
  oddManifests(""),
  { registries: [], cases: references },
]);
