import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { at } from "../manifests/objects.js";
import { eventually, type KubeObject } from "../support/kube/index.js";
import { labUser } from "../support/lab/index.js";
import { basicHost, deployment, pullSecret, serviceAccount } from "./objects.js";
import { quietly, shipped, type World } from "./world.js";

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What people see who use kubectl itself. */
export function kubectlTests(world: () => World, program: () => string | undefined, required: boolean): void {
  describe("kubectl", () => {
    let kubectl: (...args: readonly string[]) => Promise<Outcome> = () => Promise.reject(new Error("no kubectl"));
    let folder = "";

    before(function () {
      const path = program();
      if (path === undefined) {
        if (required) throw new Error("PULLGUARD_REQUIRE_REAL is set, but KUBEBUILDER_ASSETS has no kubectl");
        console.warn("\n  SKIPPED, kubectl was not tried: KUBEBUILDER_ASSETS has none\n");
        this.skip();
      }
      const { kube } = world();
      folder = mkdtempSync(join(kube.folder, "kubectl-"));
      const kubeconfig = kube.writeKubeconfig("admin", kube.adminAccess);
      kubectl = (...args) => run(path, ["--kubeconfig", kubeconfig, ...args], folder);
    });

    function written(...objects: readonly KubeObject[]): string {
      const path = join(mkdtempSync(join(folder, "apply-")), "objects.json");
      writeFileSync(path, JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
      return path;
    }

    it("apply prints a warning for a Secret that does not exist, and creates the Deployment", async () => {
      const shop = await world().namespace({ pullSecrets: ["login"] });
      const { code, stdout, stderr } = await kubectl("apply", "-f", written(deployment(shop)));
      assert.equal(code, 0, stderr);
      assert.equal(stdout, "deployment.apps/web created\n");
      assert.match(stderr, /^Warning: PullSecretNotFound: spec\.template\.spec\.containers\[0\]\.image /);
    });

    it("apply of ServiceAccount, Secret and Deployment in one go is accepted silently", async () => {
      const shop = await world().namespace();
      const objects = [pullSecret(shop, "login"), serviceAccount(shop, ["login"], "deployer")];
      const web = deployment(shop, `${basicHost}/team/app:v1`, { serviceAccountName: "deployer" });
      const { code, stderr } = await kubectl("apply", "-f", written(...objects, web));
      assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    });

    it("apply prints the denial with a command that repairs it", async () => {
      const { admin, namespace } = world();
      const shop = await namespace();
      const file = written(deployment(shop));
      const denied = await kubectl("apply", "-f", file);
      assert.equal(denied.code, 1);
      assert.match(denied.stderr, /denied the request: pullguard found an image that the nodes cannot pull:/);
      const repair = /kubectl (create secret docker-registry .*)$/m.exec(denied.stderr)?.[1];
      assert.ok(repair, denied.stderr);
      const filled = repair
        .replace("<secret>", "login")
        .replace("<user>", labUser.username)
        .replace("<password>", labUser.password);
      const repaired = await kubectl(...filled.split(" "));
      assert.equal(repaired.code, 0, repaired.stderr);
      await quietly(admin.apply(serviceAccount(shop, ["login"])));
      // The answer for the old ServiceAccount is believed for a few seconds more.
      const applied = await eventually("the repair is seen", async () => {
        const outcome = await kubectl("apply", "-f", file);
        return outcome.code === 0 && outcome.stderr === "" ? outcome : undefined;
      });
      assert.equal(applied.stdout, "deployment.apps/web created\n");
    });

    it("apply --dry-run=server and --server-side see the same", async () => {
      const shop = await world().namespace();
      const file = written(deployment(shop));
      for (const flag of ["--dry-run=server", "--server-side"]) {
        const { code, stderr } = await kubectl("apply", flag, "-f", file);
        assert.equal(code, 1, flag);
        assert.match(stderr, /- PullSecretMissing: /, flag);
      }
    });

    it("apply -k takes the manifests as they are", async () => {
      const { admin, connect } = world();
      // The one in force has an address in the Service's place, and may not have both.
      await quietly(admin.remove(shipped("ValidatingWebhookConfiguration")));
      const applied = await kubectl("apply", "-k", "manifests", "--server-side", ...dryRun);
      await connect();
      assert.deepEqual({ code: applied.code, stderr: applied.stderr }, { code: 0, stderr: "" });
      assert.match(
        applied.stdout,
        /^validatingwebhookconfiguration\S+\/pullguard serverside-applied \(server dry run\)$/m,
      );
    });

    it("kustomize adds the watching of pulls where its line is no comment any more", async () => {
      const install = mkdtempSync(join(folder, "component-"));
      cpSync("manifests", join(install, "manifests"), { recursive: true });
      const kustomization = join(install, "manifests/kustomization.yaml");
      const text = readFileSync(kustomization, "utf8");
      writeFileSync(
        kustomization,
        text.replace("# components:\n#   - watch-pulls\n", "components:\n  - watch-pulls\n"),
      );
      const { code, stdout, stderr } = await kubectl("kustomize", join(install, "manifests"));
      assert.equal(code, 0, stderr);
      const rendered = parseAllDocuments(stdout).map((document) => document.toJS() as KubeObject);
      const named = (kind: string, name: string) =>
        rendered.find((object) => object.kind === kind && object.metadata?.name === name);
      assert.ok(named("ClusterRole", "pullguard-watch-pulls") && named("ClusterRoleBinding", "pullguard-watch-pulls"));
      const args = at(named("Deployment", "pullguard"), "spec", "template", "spec", "containers", 0, "args");
      const before = at(shipped("Deployment"), "spec", "template", "spec", "containers", 0, "args");
      assert.deepEqual(args, [...(before as readonly string[]), "--watch-pulls"]);
    });
  });
}

const dryRun = ["--dry-run=server", "--validate=strict", "--force-conflicts"];

function run(program: string, args: readonly string[], folder: string): Promise<Outcome> {
  // A home of its own: no kubeconfig, cache or preferences of the machine.
  const env = { PATH: process.env.PATH ?? "/usr/bin:/bin", HOME: folder };
  return new Promise((resolve, reject) => {
    execFile(program, args, { env, timeout: 60_000 }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== "number") reject(error);
      else resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}
