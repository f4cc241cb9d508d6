import assert from "node:assert/strict";
import {
  normalisedReference,
  parseReference,
  pullObject,
  repositoryName,
  runtimeReference,
} from "../../src/reference/index.js";

const digest = `sha256:${"ab".repeat(32)}`;

describe("the spellings of a reference", () => {
  const table = [
    {
      name: "show the implied tag",
      given: "nginx",
      want: {
        repository: "docker.io/library/nginx",
        normalised: "docker.io/library/nginx:latest",
        object: "latest",
        runtime: "docker.io/library/nginx:latest",
      },
    },
    {
      name: "let the digest decide where a tag stands beside it",
      given: `reg.io:5000/a/b:v1@${digest}`,
      want: {
        repository: "reg.io:5000/a/b",
        normalised: `reg.io:5000/a/b:v1@${digest}`,
        object: digest,
        runtime: `reg.io:5000/a/b@${digest}`,
      },
    },
    {
      name: "have no tag for a digest alone",
      given: `a/b@${digest}`,
      want: {
        repository: "docker.io/a/b",
        normalised: `docker.io/a/b@${digest}`,
        object: digest,
        runtime: `docker.io/a/b@${digest}`,
      },
    },
  ];
  for (const { name, given, want } of table) {
    it(name, () => {
      const parsed = parseReference(given, "current");
      assert.ok(parsed.kind === "reference");
      const { reference } = parsed;
      assert.deepEqual(
        {
          repository: repositoryName(reference),
          normalised: normalisedReference(reference),
          object: pullObject(reference),
          runtime: runtimeReference(reference),
        },
        want,
      );
    });
  }

  it("fall back to latest for a reference that was put together without tag and digest", () => {
    const reference = { written: "x", domain: "reg.io", path: "x" };
    assert.equal(pullObject(reference), "latest");
    assert.equal(runtimeReference(reference), "reg.io/x:latest");
  });
});
