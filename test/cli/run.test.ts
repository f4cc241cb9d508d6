import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCli } from "../../src/cli/index.js";
import type { SecretSource } from "../../src/credentials/index.js";
import type { Finding } from "../../src/findings/index.js";
import { fakeIo, noNodes } from "./fake-io.js";

const never = new AbortController().signal;

function pod(name: string, image: string, namespace?: string): string {
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  return JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata, spec: { containers: [{ name: "a", image }] } });
}

describe("pullguard check", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "pullguard-cli-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function file(name: string, text: string | Uint8Array): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  }

  const verdictOf = (image: string): Partial<Finding> =>
    image === "bad" ? { verdict: "unpullable" } : image === "odd" ? { verdict: "unknown" } : {};
  const exits = [
    { name: "0 if everything is fine", images: ["good"], want: 0 },
    { name: "1 if something is unpullable, whatever else is unknown", images: ["good", "odd", "bad"], want: 1 },
    { name: "3 if nothing is unpullable but something unknown", images: ["good", "odd"], want: 3 },
  ];
  for (const { name, images, want } of exits) {
    it(`exits with ${name}`, async () => {
      const io = fakeIo({ judge: verdictOf });
      assert.equal(await runCli(["check", "--no-cluster", ...images], io), want);
      assert.equal(io.err(), "");
      assert.deepEqual(io.calls, ["close"]);
    });
  }

  it("makes one workload of all arguments, in the namespace given", async () => {
    const io = fakeIo();
    await runCli(["check", "nginx", "redis:7", "-n", "shop", "--no-cluster"], io);
    const [workload, ...others] = io.inputs[0]?.workloads ?? [];
    assert.deepEqual(others, []);
    assert.deepEqual(workload?.identity, { apiVersion: "", kind: "", namespace: "shop", name: "" });
    assert.deepEqual(
      workload?.pod.images.map(({ image, fieldPath }) => [image, fieldPath]),
      [
        ["nginx", "args[0]"],
        ["redis:7", "args[1]"],
      ],
    );
  });

  it("reads a folder's manifests in name order, below too, and passes over other files", async () => {
    mkdirSync(join(folder, "b"));
    mkdirSync(join(folder, ".git"));
    file("c.yml", `${pod("c1", "c1")}\n---\n${pod("c2", "c2", "own")}`);
    file("b/z.json", pod("b", "b"));
    file("a.yaml", pod("a", "a"));
    file("readme.md", "# no: manifest: {");
    file(".git/x.yaml", pod("git", "git"));
    symlinkSync(join(folder, "a.yaml"), join(folder, "link.yaml"));
    symlinkSync(folder, join(folder, "loop.yaml"));
    const io = fakeIo();
    assert.equal(await runCli(["check", "-f", folder, "--no-cluster", "-n", "shop"], io), 0);
    assert.deepEqual(
      io.inputs[0]?.workloads.map(({ identity }) => `${identity.namespace}/${identity.name}`),
      ["shop/a", "shop/b", "shop/c1", "own/c2", "shop/a"],
    );
  });

  it("reads standard input and several -f, and writes JSON", async () => {
    const io = fakeIo({ stdin: pod("in", "from-stdin") });
    const argv = ["check", "-f", file("a.yaml", pod("a", "from-file")), "-f", "-", "--no-cluster", "-o", "json"];
    assert.equal(await runCli(argv, io), 0);
    const report = JSON.parse(io.out());
    assert.equal(report.kind, "CheckReport");
    assert.deepEqual(
      report.images.map(({ image }: Finding) => image),
      ["from-file", "from-stdin"],
    );
    assert.equal(report.images[0].workload.namespace, "default");
  });

  it("says so where valid files name no image", async () => {
    const io = fakeIo();
    const path = file("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n---\nkind: Strange\n");
    assert.equal(await runCli(["check", "-f", path], io), 0);
    assert.equal(io.err(), "note: the input is valid but names no image\n");
    assert.equal(io.out(), "0 images\n");
  });

  it("tells what is known of the nodes", async () => {
    mkdirSync(join(folder, "etc"));
    file("etc/x", "here");
    const flags = ["--platform", "linux/arm64", "--runtime", "containerd://1.7.13", "--node-root", folder];
    const io = fakeIo();
    await runCli(["check", "nginx", "--no-cluster", ...flags, "--node-credentials", "none"], io);
    const { root, ...node } = io.setups[0]?.node ?? {};
    assert.deepEqual(node, { platform: "linux/arm64", runtime: "containerd://1.7.13", credentials: "none" });
    assert.equal(root?.path, folder);
    assert.deepEqual(root?.files.read("/etc/x"), { kind: "text", text: "here" });
    const plain = fakeIo();
    await runCli(["check", "nginx", "--no-cluster"], plain);
    assert.deepEqual(plain.setups[0]?.node, { credentials: "unknown" });
  });

  it("aborts the check at the deadline and leaves no timer behind", async () => {
    const judged: unknown[] = [];
    const check = async (_input: unknown, signal: AbortSignal) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      judged.push(signal.reason);
      return { summary: { pullable: 0, unpullable: 0, skipped: 0, unknown: 1 }, findings: [] };
    };
    const io = fakeIo({ deps: { openCheck: async () => ({ check, close: async () => undefined }) } });
    assert.equal(await runCli(["check", "nginx", "--no-cluster", "--deadline", "1ms"], io), 3);
    assert.equal(judged.length, 1);
  });

  it("colours for a terminal, unless NO_COLOR is set", async () => {
    const [terminal, noColour, pipe] = [
      fakeIo({ isTTY: true }),
      fakeIo({ isTTY: true, env: () => ({ NO_COLOR: "1" }) }),
      fakeIo(),
    ];
    for (const io of [terminal, noColour, pipe]) await runCli(["check", "nginx", "--no-cluster"], io);
    assert.deepEqual(
      [terminal, noColour, pipe].map((io) => io.out().includes("\u001b")),
      [true, false, false],
    );
  });

  describe("takes Secrets and ServiceAccounts", () => {
    const dockerConfig = '{"auths":{"registry.example.com":{"username":"u","password":"hunter2"}}}';
    const secret = (name: string, text = dockerConfig) => `apiVersion: v1
kind: Secret
metadata: {name: ${name}}
type: kubernetes.io/dockerconfigjson
stringData: {.dockerconfigjson: '${text}'}
`;
    const account = (list: string) => `apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: default}\n${list}\n`;

    async function sourceOf(argv: readonly string[], cluster?: Partial<SecretSource>) {
      const notFound = async () => ({ kind: "not-found" }) as const;
      const secrets = { secret: notFound, serviceAccount: notFound, ...cluster };
      const openCluster = async () =>
        cluster && { server: "https://api", namespace: "default", secrets, listNodes: noNodes };
      const io = fakeIo({ deps: { openCluster } });
      assert.equal(await runCli(["check", "nginx", ...argv], io), 0, io.err());
      const [setup] = io.setups;
      assert.ok(setup !== undefined);
      return { io, secrets: setup.secrets, missingSecretsMayAppear: setup.missingSecretsMayAppear };
    }

    it("from the files, by namespace; with --no-cluster they are all there is", async () => {
      const path = file("s.yaml", `${secret("regcred")}---\n${account("imagePullSecrets: [{name: regcred}]")}`);
      const { secrets } = await sourceOf(["-f", path, "-n", "shop", "--no-cluster"]);
      const found = await secrets.secret("shop", "regcred", never);
      assert.equal(found.kind === "found" && found.secret.data.get(".dockerconfigjson")?.reveal(), dockerConfig);
      assert.deepEqual(await secrets.serviceAccount("shop", "default", never), {
        kind: "found",
        imagePullSecrets: ["regcred"],
      });
      assert.deepEqual(await secrets.secret("default", "regcred", never), { kind: "not-found" });
      assert.deepEqual(await secrets.serviceAccount("shop", "other", never), { kind: "not-found" });
    });

    it("from nowhere else when no cluster is configured: what the files lack may be in one", async () => {
      const path = file("s.yaml", secret("regcred"));
      const { secrets, missingSecretsMayAppear } = await sourceOf(["-f", path]);
      assert.equal((await secrets.secret("default", "other", never)).kind, "unreadable");
      assert.equal((await secrets.serviceAccount("default", "other", never)).kind, "unreadable");
      assert.equal(missingSecretsMayAppear, true);
    });

    it("without taking those for missing that SOPS encrypted or that a controller makes", async () => {
      const sealed = "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: regcred}\nspec: {}\n";
      const external =
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: x}\nspec: {target: {name: vault}}\n";
      const text = [sealed, external, `${secret("enc")}sops: {}\n`].join("---\n");
      const { secrets } = await sourceOf(["-f", file("s.yaml", text), "--no-cluster"]);
      for (const name of ["regcred", "vault", "enc"]) {
        assert.equal((await secrets.secret("default", name, never)).kind, "unreadable");
      }
      assert.equal((await secrets.secret("default", "x", never)).kind, "not-found");
    });

    it("from the cluster where the files do not hold them", async () => {
      const path = file("s.yaml", secret("mine"));
      const { secrets } = await sourceOf(["-f", path], {
        secret: async () => ({ kind: "unreadable", reason: "cluster" }),
        serviceAccount: async () => ({ kind: "found", imagePullSecrets: ["patched-in"] }),
      });
      assert.equal((await secrets.secret("default", "mine", never)).kind, "found");
      assert.deepEqual(await secrets.secret("default", "theirs", never), { kind: "unreadable", reason: "cluster" });
      const accounts = await secrets.serviceAccount("default", "default", never);
      assert.deepEqual(accounts, { kind: "found", imagePullSecrets: ["patched-in"] });
    });

    it("from the cluster too where the file's ServiceAccount lists nothing", async () => {
      const path = file("s.yaml", account(""));
      const patched = async () => ({ kind: "found", imagePullSecrets: ["patched-in"] }) as const;
      const known = await sourceOf(["-f", path], { serviceAccount: patched });
      const answer = await known.secrets.serviceAccount("default", "default", never);
      assert.deepEqual(answer, { kind: "found", imagePullSecrets: ["patched-in"] });
      const fresh = await sourceOf(["-f", path], {});
      const own = await fresh.secrets.serviceAccount("default", "default", never);
      assert.deepEqual(own, { kind: "found", imagePullSecrets: [] });
    });

    for (const [kind, text] of [
      ["a Docker config.json", dockerConfig],
      ["a Secret's manifest", secret("any")],
      [
        "a Secret in JSON",
        JSON.stringify({
          apiVersion: "v1",
          kind: "Secret",
          metadata: { name: "any" },
          type: "kubernetes.io/dockerconfigjson",
          stringData: { ".dockerconfigjson": dockerConfig },
        }),
      ],
    ] as const) {
      it(`from ${kind} given by --pull-secret, first for every workload and in every namespace`, async () => {
        const path = file("any.txt", text);
        const manifest = `apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  imagePullSecrets: [{name: own}]\n  containers: [{name: a, image: x}]\n`;
        const { io, secrets } = await sourceOf(["--no-cluster", "--pull-secret", path, "-f", file("p.yaml", manifest)]);
        const lists = io.inputs[0]?.workloads.map(({ pod: { imagePullSecrets } }) => imagePullSecrets);
        assert.deepEqual(lists, [[`file:${path}`], [`file:${path}`, "own"]]);
        const lookup = await secrets.secret("anywhere", `file:${path}`, never);
        assert.ok(lookup.kind === "found");
        assert.deepEqual([lookup.secret.namespace, lookup.secret.type], ["anywhere", "kubernetes.io/dockerconfigjson"]);
        assert.equal(lookup.secret.data.get(".dockerconfigjson")?.reveal(), dockerConfig);
      });
    }

    it("from the files alone, with a note, where no cluster is configured", async () => {
      const io = fakeIo();
      assert.equal(await runCli(["check", "nginx"], io), 0);
      assert.deepEqual(io.calls, ["openCluster default", "close"]);
      assert.match(io.err(), /^note: no cluster is configured/);
    });
  });

  const faults: readonly {
    readonly name: string;
    readonly argv: readonly string[];
    readonly text?: string | Uint8Array;
    readonly want: RegExp;
  }[] = [
    { name: "nothing to check", argv: [], want: /^error: nothing to check/ },
    { name: "a missing file", argv: ["-f", "nowhere.yaml"], want: /^error: nowhere\.yaml: no such file or folder$/ },
    {
      name: "broken YAML",
      argv: ["-f", "$file"],
      text: "kind: A\n b: 1\n",
      want: /^error: \S+\/x\.yaml:\d: not valid YAML: /,
    },
    {
      name: "a workload that is none",
      argv: ["-f", "$file"],
      text: "---\napiVersion: v1\nkind: Pod\nspec: 5\n",
      want: /^error: \S+\/x\.yaml:2: /,
    },
    {
      name: "a file that is no text",
      argv: ["-f", "$file"],
      text: new Uint8Array([0xff, 0xfe, 0]),
      want: /not UTF-8 text$/,
    },
    {
      name: "a file larger than 32 MiB",
      argv: ["-f", "$file"],
      text: new Uint8Array(32 * 1024 * 1024 + 1),
      want: /larger than 32 MiB$/,
    },
    {
      name: "a broken pull Secret",
      argv: ["-f", "$file"],
      text: "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\ntype: kubernetes.io/dockercfg\ndata: {.dockercfg: '!hunter2'}\n",
      want: /^error: \S+\/x\.yaml:1: .*not base64/,
    },
    {
      name: "a --pull-secret that is none",
      argv: ["nginx", "--pull-secret", "$file"],
      text: "kind: Pod\n",
      want: /neither one Secret nor a Docker config\.json$/,
    },
    {
      name: "a --pull-secret that is broken JSON",
      argv: ["nginx", "--pull-secret", "$file"],
      text: '{"auths":{"x":hunter2}}',
      want: /^error: \S+\/x\.yaml: .*JSON/,
    },
    { name: "standard input for two", argv: ["-f", "-", "--pull-secret", "-"], want: /only once$/ },
    {
      name: "a node root that is not there",
      argv: ["nginx", "--node-root", "nowhere"],
      want: /^error: --node-root nowhere: no such folder$/,
    },
    { name: "a deadline that is none", argv: ["nginx", "--deadline", "soon"], want: /^error: --deadline "soon"/ },
    { name: "a cluster and none", argv: ["nginx", "--kubeconfig", "x", "--no-cluster"], want: /exclude each other$/ },
    { name: "an unknown flag", argv: ["nginx", "--strange"], want: /^error: unknown option '--strange'/ },
    { name: "an unknown format", argv: ["nginx", "-o", "xml"], want: /^error: .*text, json/ },
  ];
  for (const { name, argv, text, want } of faults) {
    it(`exits with 2 and one line for ${name}`, async () => {
      const path = file("x.yaml", text ?? "");
      const io = fakeIo();
      assert.equal(await runCli(["check", ...argv.map((part) => part.replace("$file", path))], io), 2);
      assert.match(io.err().trimEnd(), want);
      assert.equal(io.out(), "");
      assert.equal(io.err().split("\n").length, 2, io.err());
      assert.ok(!io.err().includes("hunter2"));
    });
  }

  it("refuses a folder without manifests, for it is most likely the wrong one", async () => {
    const io = fakeIo();
    assert.equal(await runCli(["check", "-f", folder], io), 2);
    assert.match(io.err(), /no \.yaml, \.yml or \.json file/);
  });

  it("exits with 70 for a fault of its own, without a stack", async () => {
    const openCheck = async () => {
      throw new TypeError("oops");
    };
    const io = fakeIo({ deps: { openCheck } });
    assert.equal(await runCli(["check", "nginx", "--no-cluster"], io), 70);
    assert.equal(io.err(), "error: a fault of pullguard itself: oops\n");
  });
});
