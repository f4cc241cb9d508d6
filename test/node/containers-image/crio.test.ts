import assert from "node:assert/strict";
import { checkPlans as check, type Files, profileOf } from "./plans.js";

const conf = "/etc/containers/registries.conf";
const policy = "/etc/containers/policy.json";
const crio = "/etc/crio/crio.conf";

describe("what the runtime itself is told", () => {
  describe("crio.conf", () => {
    const insecure = '[crio.image]\ninsecure_registries = ["reg.test:5000", "10.0.0.0/8"]\n';
    check([
      {
        name: "insecure registries count up to 1.34",
        runtime: "cri-o://1.30.0",
        files: { [crio]: insecure },
        image: "reg.test:5000/a",
        want: ["reg.test:5000 insecure"],
      },
      {
        name: "and no more from 1.35 on",
        runtime: "cri-o://1.35.0",
        files: { [crio]: insecure },
        image: "reg.test:5000/a",
        want: ["reg.test:5000"],
      },
      { name: "podman has none", files: { [crio]: insecure }, image: "reg.test:5000/a", want: ["reg.test:5000"] },
      {
        name: "an address within a network",
        runtime: "cri-o://1.30.0",
        files: { [crio]: insecure },
        image: "10.1.2.3:5000/a",
        want: ["10.1.2.3:5000 insecure"],
      },
      {
        name: "an address outside of it",
        runtime: "cri-o://1.30.0",
        files: { [crio]: insecure },
        image: "11.1.2.3:5000/a",
        want: ["11.1.2.3:5000"],
      },
      {
        name: "a name may resolve into it: nothing is certain",
        runtime: "cri-o://1.30.0",
        files: { [crio]: insecure },
        image: "other.test/a",
        want: ["other.test", "partial"],
      },
      {
        name: "loopback always is",
        runtime: "cri-o://1.30.0",
        files: {},
        image: "127.0.0.1:5000/a",
        want: ["127.0.0.1:5000 insecure"],
      },
      { name: "until 1.35", runtime: "cri-o://1.35.0", files: {}, image: "127.0.0.1:5000/a", want: ["127.0.0.1:5000"] },
      {
        name: "a drop-in names the signature policy",
        runtime: "cri-o://1.30.0",
        files: {
          "/etc/crio/crio.conf.d/10.conf": '[crio.image]\nsignature_policy = "/etc/crio/policy.json"\n',
          "/etc/crio/policy.json": '{"default":[{"type":"reject"}]}',
        },
        image: "reg.test/a",
        want: ["refused signature-policy: the signature policy rejects reg.test/a"],
      },
      {
        name: "a namespace's own policy may allow what is rejected",
        runtime: "cri-o://1.30.0",
        files: { [policy]: '{"default":[{"type":"reject"}]}', "/etc/crio/policies/team.json": "{}" },
        image: "reg.test/a",
        want: ["reg.test", "doubt: signature /etc/containers/policy.json"],
      },
    ]);

    it("tells of settings that do nothing and keeps the progress timeout", () => {
      const { issues, settings } = profileOf(
        { [crio]: '[crio.image]\nregistries = ["x.test"]\npull_progress_timeout = "90s"\n', [conf]: "" },
        "cri-o://1.31.0",
      );
      assert.deepEqual(
        issues.map(({ code }) => code),
        ["SettingIgnored"],
      );
      assert.equal(settings.pullProgressTimeoutMs, 90_000);
    });
  });

  describe("credentials of the runtime's own", () => {
    const auth = (key: string): string => JSON.stringify({ auths: { [key]: { auth: "x" } } });
    const sources = (files: Files, repository: string, runtime = "cri-o://1.30.0"): readonly string[] => {
      const { credentials } = profileOf(files, runtime);
      assert.equal(credentials.kind, "known");
      return credentials.kind === "known" ? (credentials.providersFor?.(repository) ?? []) : [];
    };
    const rows: readonly (readonly [string, Files, string, readonly string[]])[] = [
      ["none", {}, "reg.test/a", []],
      [
        "an auth file for the host",
        { "/run/containers/0/auth.json": auth("reg.test") },
        "reg.test/a",
        ["/run/containers/0/auth.json"],
      ],
      ["an auth file for another host", { "/run/containers/0/auth.json": auth("other.test") }, "reg.test/a", []],
      [
        "the global file of crio.conf",
        {
          [crio]: '[crio.image]\nglobal_auth_file = "/var/lib/kubelet/auth.json"\n',
          "/var/lib/kubelet/auth.json": auth("reg.test/a"),
        },
        "reg.test/a",
        ["/var/lib/kubelet/auth.json"],
      ],
      [
        "a mirror's entry",
        {
          [conf]: '[[registry]]\nlocation = "reg.test"\n[[registry.mirror]]\nlocation = "m.test"\n',
          "/run/containers/0/auth.json": auth("m.test"),
        },
        "reg.test/a",
        ["/run/containers/0/auth.json"],
      ],
      [
        "a helper",
        { [conf]: 'credential-helpers = ["containers-auth.json", "secretservice"]\n' },
        "reg.test/a",
        ["secretservice"],
      ],
      [
        "Docker Hub by its old key",
        { "/run/containers/0/auth.json": auth("https://index.docker.io/v1/") },
        "docker.io/library/nginx",
        ["/run/containers/0/auth.json"],
      ],
      ["a file that is no JSON", { "/run/containers/0/auth.json": "{" }, "reg.test/a", ["/run/containers/0/auth.json"]],
    ];
    for (const [name, files, repository, want] of rows) {
      it(name, () => assert.deepEqual(sources(files, repository), want));
    }
  });
});
