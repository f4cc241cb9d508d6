import { PullguardError, unreachable } from "../core/index.js";
import type { RuntimeName, RuntimeVersion } from "./types.js";

/** Runtimes by the name that Kubernetes gives them; podman is no runtime of Kubernetes, but pulls as CRI-O does. */
const supported: readonly RuntimeName[] = ["containerd", "docker", "cri-o", "podman"];

/**
 * Reads a runtime as Kubernetes writes it into a Node's `status.nodeInfo.containerRuntimeVersion`: `containerd://1.7.13`,
 * `docker://20.10.24+dfsg1`. A leading `v` and whatever a distribution or a pre-release appends (`~ds1`, `-k3s1`, `-rc.1`, `+bottlerocket`) is passed over.
 * @throws PullguardError `InputInvalid` for another runtime or a version without three numbers
 */
export function parseRuntime(text: string): RuntimeVersion {
  const [, runtime, version = ""] = /^([a-z][a-z0-9-]*):\/\/(.*)$/s.exec(text.trim()) ?? [];
  if (runtime === undefined) {
    throw new PullguardError("InputInvalid", `runtime ${quote(text)} must look like containerd://1.7.13`);
  }
  const name = supported.find((candidate) => candidate === runtime);
  if (name === undefined) {
    throw new PullguardError(
      "InputInvalid",
      `runtime ${quote(text)}: ${runtime} is not supported yet, only ${supported.join(", ")} are`,
    );
  }
  const numbers = /^v?(\d{1,5})\.(\d{1,5})\.(\d{1,5})(?![0-9])/.exec(version);
  if (numbers === null) {
    throw new PullguardError(
      "InputInvalid",
      `runtime ${quote(text)}: the version must have three numbers, as in 1.7.13`,
    );
  }
  return { name, major: Number(numbers[1]), minor: Number(numbers[2]), patch: Number(numbers[3]) };
}

/** `containerd 1.7.13`, for people. */
export function renderRuntime({ name, major, minor, patch }: RuntimeVersion): string {
  return `${name} ${major}.${minor}.${patch}`;
}

/**
 * What a node may run when nobody says: the newest release of each line that pulls in its own way. 1.6 and 1.7 differ in
 * their reference grammar and the http fallback; 2.1 and later pull through the transfer service.
 */
export const assumedRuntimes: readonly RuntimeVersion[] = [
  { name: "containerd", major: 1, minor: 6, patch: 39 },
  { name: "containerd", major: 1, minor: 7, patch: 34 },
  { name: "containerd", major: 2, minor: 3, patch: 4 },
];

/** The same for a node whose files speak for one runtime: dockerd changed most with 23, containers-image with each of its releases. */
export function assumedReleases(name: RuntimeName): readonly RuntimeVersion[] {
  switch (name) {
    case "containerd":
      return assumedRuntimes;
    case "docker":
      return [
        { name, major: 20, minor: 10, patch: 24 },
        { name, major: 28, minor: 5, patch: 2 },
      ];
    case "cri-o":
      return [
        { name, major: 1, minor: 26, patch: 0 },
        { name, major: 1, minor: 34, patch: 0 },
      ];
    case "podman":
      return [{ name, major: 5, minor: 6, patch: 2 }];
    default:
      return unreachable(name);
  }
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
