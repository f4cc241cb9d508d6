import assert from "node:assert/strict";
import { readRuntimeEnvironment } from "../../../src/node/environment/runtime-environment.js";
import { nodeFilesFromMap, type RuntimeName } from "../../../src/node/index.js";

type FileTexts = Readonly<Record<string, string | { readonly unreadable: string }>>;

interface Case {
  readonly name: string;
  readonly runtime?: RuntimeName;
  readonly files: FileTexts;
  /** `NAME=value file:line`. */
  readonly want: readonly string[];
  readonly issues?: readonly string[];
  readonly partial?: true;
}

const unit = (...lines: readonly string[]) => `[Service]\n${lines.join("\n")}\n`;

const cases: readonly Case[] = [
  { name: "is empty where no unit was shown", files: {}, want: [] },
  {
    name: "comes from the unit, /etc before /run before /usr/lib before /lib",
    files: {
      "/lib/systemd/system/containerd.service": unit("Environment=A=lib"),
      "/usr/lib/systemd/system/containerd.service": unit("Environment=A=usr"),
      "/run/systemd/system/containerd.service": unit("Environment=A=run"),
      "/etc/systemd/system/containerd.service": unit("Environment=A=etc"),
    },
    want: ["A=etc /etc/systemd/system/containerd.service:2"],
  },
  {
    name: "comes from drop-ins in the order of their names, whatever their folder",
    files: {
      "/usr/lib/systemd/system/containerd.service": unit("Environment=A=0 B=0 C=0"),
      "/usr/lib/systemd/system/containerd.service.d/20-b.conf": unit("Environment=A=20 B=20"),
      "/etc/systemd/system/containerd.service.d/10-a.conf": unit("Environment=A=10"),
      "/etc/systemd/system/service.d/30-all.conf": unit("Environment=C=30"),
      "/etc/systemd/system/containerd.service.d/readme.txt": unit("Environment=A=no"),
    },
    want: [
      "A=20 /usr/lib/systemd/system/containerd.service.d/20-b.conf:2",
      "B=20 /usr/lib/systemd/system/containerd.service.d/20-b.conf:2",
      "C=30 /etc/systemd/system/service.d/30-all.conf:2",
    ],
  },
  {
    name: "does not come from a drop-in that another of its name hides",
    files: {
      "/usr/lib/systemd/system/containerd.service.d/p.conf": unit("Environment=A=usr"),
      "/etc/systemd/system/containerd.service.d/p.conf": "# nothing\n",
    },
    want: [],
  },
  {
    name: "forgets what came before an empty Environment=",
    files: { "/lib/systemd/system/containerd.service": unit("Environment=A=1", "Environment=", "Environment=B=2") },
    want: ["B=2 /lib/systemd/system/containerd.service:4"],
  },
  {
    name: "comes only from the section Service",
    files: { "/lib/systemd/system/containerd.service": "[Unit]\nEnvironment=A=1\n" },
    want: [],
  },
  {
    name: "has the manager's defaults below it",
    files: {
      "/etc/systemd/system.conf": '[Manager]\nDefaultEnvironment="HTTPS_PROXY=http://p:1" NO_PROXY=x\n',
      "/etc/systemd/system.conf.d/a.conf": "[Manager]\nDefaultEnvironment=NO_PROXY=y\n",
      "/lib/systemd/system/containerd.service": unit("Environment=A=1"),
    },
    want: [
      "A=1 /lib/systemd/system/containerd.service:2",
      "HTTPS_PROXY=http://p:1 /etc/systemd/system.conf:2",
      "NO_PROXY=y /etc/systemd/system.conf.d/a.conf:2",
    ],
  },
  {
    name: "takes a file over the unit's own lines, wherever those stand",
    runtime: "docker",
    files: {
      "/lib/systemd/system/docker.service": unit("EnvironmentFile=-/etc/default/docker", "Environment=A=unit B=unit"),
      "/etc/default/docker": 'A="file"\n',
    },
    want: ["A=file /etc/default/docker:1", "B=unit /lib/systemd/system/docker.service:3"],
  },
  {
    name: "does not read a file that the unit does not name",
    runtime: "docker",
    files: { "/lib/systemd/system/docker.service": unit(), "/etc/default/docker": "A=file\n" },
    want: [],
  },
  {
    name: "reads the usual file where the unit was not shown",
    runtime: "cri-o",
    files: { "/etc/sysconfig/crio": "A=file\n" },
    want: ["A=file /etc/sysconfig/crio:1"],
  },
  {
    name: "reads files by pattern and by the unit's name",
    files: {
      "/lib/systemd/system/containerd.service": unit(
        "EnvironmentFile=/etc/env.d/*.env",
        "EnvironmentFile=-/etc/default/%N",
      ),
      "/etc/env.d/1.env": "A=1\n",
      "/etc/env.d/2.env": "A=2\nB=2\n",
      "/etc/default/containerd": "C=3\n",
    },
    want: ["A=2 /etc/env.d/2.env:1", "B=2 /etc/env.d/2.env:2", "C=3 /etc/default/containerd:1"],
  },
  {
    name: "is not complete where a file it needs was not shown",
    files: { "/lib/systemd/system/containerd.service": unit("EnvironmentFile=/etc/needed") },
    want: [],
    issues: ["RuntimeConfigUnreadable /lib/systemd/system/containerd.service:2"],
    partial: true,
  },
  {
    name: "is not complete where a drop-in cannot be read",
    files: { "/etc/systemd/system/containerd.service.d/p.conf": { unreadable: "permission denied" } },
    want: [],
    issues: ["RuntimeConfigUnreadable /etc/systemd/system/containerd.service.d/p.conf"],
    partial: true,
  },
  {
    name: "leaves out what UnsetEnvironment= names",
    files: {
      "/lib/systemd/system/containerd.service": unit("Environment=A=1 B=2 C=3", "UnsetEnvironment=A B=2 C=other"),
    },
    want: ["C=3 /lib/systemd/system/containerd.service:2"],
  },
  {
    name: "says where a value with blanks lacks its quotes",
    files: { "/lib/systemd/system/containerd.service": unit("Environment=NO_PROXY=a, b") },
    want: ["NO_PROXY=a, /lib/systemd/system/containerd.service:2"],
    issues: ["SettingIgnored /lib/systemd/system/containerd.service:2"],
  },
  {
    name: "writes a percent sign as two, and knows its own name",
    files: { "/lib/systemd/system/containerd.service": unit("Environment=A=%%40%40 B=%n") },
    want: [
      "A=%40%40 /lib/systemd/system/containerd.service:2",
      "B=containerd.service /lib/systemd/system/containerd.service:2",
    ],
  },
  {
    name: "is not complete where a value that counts depends on the machine",
    files: { "/lib/systemd/system/containerd.service": unit("Environment=NODE=%H NO_PROXY=%H") },
    want: ["NODE=%H /lib/systemd/system/containerd.service:2", "NO_PROXY=%H /lib/systemd/system/containerd.service:2"],
    issues: ["RuntimeConfigUnreadable /lib/systemd/system/containerd.service"],
    partial: true,
  },
];

describe("the environment of a node's runtime", () => {
  for (const { name, runtime = "containerd", files, want, issues = [], partial = false } of cases) {
    it(name, () => {
      const read = readRuntimeEnvironment(nodeFilesFromMap(files), runtime);
      const place = ({ file, line }: { file: string; line?: number }) =>
        line === undefined ? file : `${file}:${line}`;
      assert.deepEqual(
        [...read.variables].map(([variable, { value, origin }]) => `${variable}=${value} ${place(origin)}`).sort(),
        want,
      );
      assert.deepEqual(
        read.issues.map(({ code, origin }) => `${code} ${place(origin)}`),
        issues,
      );
      assert.equal(read.partial, partial);
    });
  }
});
