import assert from "node:assert/strict";
import { type ChosenCluster, runCli } from "../../src/cli/index.js";
import { PullguardError } from "../../src/core/index.js";
import type { SecretSource } from "../../src/credentials/index.js";
import { fakeIo, noNodes } from "./fake-io.js";

const pod = (name: string, namespace?: string): string => {
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  return JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata, spec: { containers: [{ name: "a", image: "b" }] } });
};
const absent = async () => ({ kind: "not-found" }) as const;
const secrets: SecretSource = { secret: absent, serviceAccount: absent };

describe("the cluster that a command asks", () => {
  it("is that of --kubeconfig and --context or not at all", async () => {
    const openCluster = async ({ kubeconfig, context }: ChosenCluster) => {
      throw new PullguardError("InputInvalid", `${context} of ${kubeconfig} cannot be used`);
    };
    for (const command of ["check", "verify"]) {
      const io = fakeIo({ deps: { openCluster } });
      assert.equal(await runCli([command, "nginx", "--kubeconfig", "kc", "--context", "prod"], io), 2);
      assert.equal(io.err(), "error: prod of kc cannot be used\n");
    }
  });

  for (const [name, flags, want] of [
    ["in the context's namespace, where kubectl would put it", [], ["shop", "tools"]],
    ["in the namespace that was named", ["-n", "web"], ["web", "tools"]],
    ["in default where no cluster is asked", ["--no-cluster"], ["default", "tools"]],
  ] as const) {
    it(`is asked about what names no namespace ${name}`, async () => {
      const openCluster = async () => ({ server: "https://api", namespace: "shop", secrets, listNodes: noNodes });
      for (const command of ["check", "verify"]) {
        const io = fakeIo({ deps: { openCluster }, stdin: `${pod("a")}\n---\n${pod("b", "tools")}` });
        assert.equal(await runCli([command, "-f", "-", ...flags], io), 0, io.err());
        assert.deepEqual(
          io.inputs[0]?.workloads.map(({ identity }) => identity.namespace),
          want,
        );
      }
    });
  }

  it("can have no context where it is not to be asked", async () => {
    for (const command of ["check", "verify", "simulate"]) {
      const subject = command === "simulate" ? ["-f", "-"] : ["nginx"];
      const io = fakeIo({ stdin: pod("a") });
      assert.equal(await runCli([command, ...subject, "--context", "x", "--no-cluster"], io), 2);
      assert.match(io.err(), /--context and --no-cluster exclude each other/);
    }
  });
});
