import assert from "node:assert/strict";
import { type NodeCredentialPlaces, parseNodeCredentials } from "../../src/credentials/index.js";
import { deps, entryOf } from "./secrets.js";

const config = (username: string) => `{"auths":{"reg.io":${entryOf(username)}}}`;
const legacy = (username: string) => `{"reg.io":${entryOf(username)}}`;
const places: NodeCredentialPlaces = { kubeletRoot: "/var/lib/kubelet", home: "/root" };

const cases: readonly {
  name: string;
  files: Record<string, string>;
  places?: NodeCredentialPlaces;
  want: { file?: string; users: readonly string[]; rejected?: readonly string[] };
}[] = [
  { name: "a node without files has no credentials", files: {}, want: { users: [] } },
  {
    name: "the kubelet's folder comes first",
    files: { "/root/.docker/config.json": config("home"), "/var/lib/kubelet/config.json": config("kubelet") },
    want: { file: "/var/lib/kubelet/config.json", users: ["kubelet"] },
  },
  {
    name: "the working directory comes before home",
    files: { "/root/.docker/config.json": config("home"), "/config.json": config("cwd") },
    want: { file: "/config.json", users: ["cwd"] },
  },
  {
    name: "home comes before the root folder",
    files: { "/root/.docker/config.json": config("home"), "/.docker/config.json": config("root") },
    want: { file: "/root/.docker/config.json", users: ["home"] },
  },
  {
    name: "an empty object ends the search",
    files: { "/var/lib/kubelet/config.json": "{}", "/root/.docker/config.json": config("home") },
    want: { file: "/var/lib/kubelet/config.json", users: [] },
  },
  {
    name: "a file that does not parse is passed over",
    files: { "/var/lib/kubelet/config.json": '{"auths":{"a":{"auth":"%%"}}}', "/.docker/config.json": config("root") },
    want: {
      file: "/.docker/config.json",
      users: ["root"],
      rejected: ["/var/lib/kubelet/config.json: illegal base64 data at input byte 0"],
    },
  },
  {
    name: "an empty file is passed over",
    files: { "/var/lib/kubelet/config.json": "" },
    want: { users: [], rejected: ["/var/lib/kubelet/config.json: unexpected end of JSON input"] },
  },
  {
    name: "a .dockercfg counts only without any config.json",
    files: { "/var/lib/kubelet/.dockercfg": legacy("old"), "/.docker/config.json": config("new") },
    want: { file: "/.docker/config.json", users: ["new"] },
  },
  {
    name: "a .dockercfg is looked for in home itself",
    files: { "/root/.dockercfg": legacy("old"), "/root/.docker/.dockercfg": legacy("never") },
    want: { file: "/root/.dockercfg", users: ["old"] },
  },
  {
    name: "a kubelet without HOME looks in its working directory",
    files: { "/root/.docker/config.json": config("home"), "/srv/.docker/config.json": config("cwd") },
    places: { kubeletRoot: "/var/lib/kubelet", workingDirectory: "/srv" },
    want: { file: "/srv/.docker/config.json", users: ["cwd"] },
  },
];

describe("node credentials", () => {
  for (const { name, files, places: given, want } of cases) {
    it(name, () => {
      const node = parseNodeCredentials((path) => files[path], given ?? places, deps);
      assert.deepEqual(
        node.keyring.lookup("reg.io/x").map(({ username }) => username),
        want.users,
      );
      assert.equal(node.file, want.file);
      assert.deepEqual(
        node.rejected.map(({ file, message }) => `${file}: ${message}`),
        want.rejected ?? [],
      );
    });
  }

  it("carry the file and the key as origin", () => {
    const node = parseNodeCredentials((path) => (path === "/config.json" ? config("u") : undefined), places, deps);
    const want = { kind: "node", file: "/config.json", key: "reg.io" };
    assert.deepEqual(node.keyring.lookup("reg.io/x")[0]?.origin, want);
  });
});
