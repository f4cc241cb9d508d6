import assert from "node:assert/strict";
import type { NearMissReason } from "../../src/credentials/index.js";
import { keyringOf, secretWithUsers } from "./secrets.js";

const cases: readonly { name: string; key: string; repository: string; want: NearMissReason }[] = [
  { name: "a key without the port", key: "reg.io", repository: "reg.io:5000/x", want: "port-differs" },
  { name: "a key with the default port", key: "reg.io:443", repository: "reg.io/x", want: "port-differs" },
  { name: "a glob with another port", key: "*.io:443", repository: "reg.io/x", want: "port-differs" },
  { name: "a host in another case", key: "Reg.IO", repository: "reg.io/x", want: "case-differs" },
  { name: "a path in another case", key: "reg.io/Team", repository: "reg.io/team/app", want: "case-differs" },
  { name: "another path", key: "reg.io/other", repository: "reg.io/team/app", want: "path-not-prefix" },
  { name: "a whole image as key", key: "reg.io/team/app:v1", repository: "reg.io/team/app", want: "path-not-prefix" },
  { name: "an API version without slash", key: "https://reg.io/v2", repository: "reg.io/x", want: "path-not-prefix" },
  { name: "a space at the end", key: "reg.io ", repository: "reg.io/x", want: "key-unusable" },
  { name: "a scheme in capitals", key: "HTTPS://reg.io", repository: "reg.io/x", want: "key-unusable" },
  { name: "a slash too few", key: "https:/reg.io", repository: "reg.io/x", want: "key-unusable" },
  { name: "a star too few", key: "*.example.com", repository: "a.b.example.com/x", want: "wildcard-depth" },
  { name: "a star too many", key: "*.docker.io", repository: "docker.io/library/nginx", want: "wildcard-depth" },
  { name: "a lone star", key: "*", repository: "reg.io/x", want: "wildcard-depth" },
  {
    name: "the dialled host of Docker Hub",
    key: "https://registry-1.docker.io",
    repository: "docker.io/library/nginx",
    want: "docker-hub-spelling",
  },
  {
    name: "Docker Hub's address without its last slash",
    key: "https://index.docker.io/v1",
    repository: "docker.io/library/nginx",
    want: "docker-hub-spelling",
  },
  { name: "Docker Hub for another registry", key: "registry-1.docker.io", repository: "reg.io/x", want: "other-host" },
  { name: "another registry", key: "other.io", repository: "reg.io/x", want: "other-host" },
  { name: "another registry with the same ending", key: "myreg.io", repository: "reg.io/x", want: "other-host" },
  { name: "another registry's wildcard", key: "*.other.io", repository: "reg.io/x", want: "other-host" },
];

describe("near misses of a keyring", () => {
  for (const { name, key, repository, want } of cases) {
    it(`tell ${want} of ${name}`, () => {
      const keyring = keyringOf(secretWithUsers({ [key]: "u" }));
      const origin = { kind: "secret", namespace: "shop", name: "regcred", key };
      assert.deepEqual(keyring.nearMisses(repository), [{ reason: want, origin }]);
    });
  }

  it("tell that another key keeps index.docker.io from standing for docker.io", () => {
    const keyring = keyringOf(secretWithUsers({ "https://index.docker.io/v1/": "hub", "docker.io": "own" }));
    const misses = keyring.nearMisses("docker.io/library/nginx");
    assert.deepEqual(
      misses.map(({ reason }) => reason),
      ["alias-shadowed"],
    );
  });

  it("come nearest first and leave out what applies", () => {
    const keyring = keyringOf(secretWithUsers({ "other.io": "1", "reg.io:80": "2", "reg.io": "3", "REG.io": "4" }));
    const misses = keyring.nearMisses("reg.io/x").map(({ reason, origin }) => [reason, origin.key]);
    assert.deepEqual(misses, [
      ["port-differs", "reg.io:80"],
      ["case-differs", "REG.io"],
      ["other-host", "other.io"],
    ]);
  });
});
