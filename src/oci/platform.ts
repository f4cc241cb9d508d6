import { PullguardError } from "../core/index.js";
import type { Platform } from "./types.js";

/**
 * `os/architecture[/variant]`, as in `linux/arm/v7`, normalised. Unlike containerd's own flags a single word is refused:
 * what it leaves out would be guessed from the machine that Pullguard runs on, not from the node.
 * @throws PullguardError `InputInvalid` for anything else
 * Source: containerd/platforms v0.2.1 `Parse`
 */
export function parsePlatform(text: string): Platform {
  const parts = text.split("/");
  const [os = "", architecture = "", variant] = parts;
  if (parts.length < 2 || parts.length > 3 || !parts.every((part) => /^[A-Za-z0-9_-]+$/.test(part))) {
    const shown = JSON.stringify(text.slice(0, 64));
    throw new PullguardError("InputInvalid", `platform ${shown} is not of the form os/architecture[/variant]`);
  }
  return normalisePlatform({ os, architecture, ...(variant === undefined ? {} : { variant }) });
}

/** `linux/arm/v7`; parts that are empty are left out, a platform without os is `unknown`. */
export function formatPlatform(platform: Platform): string {
  if (platform.os === "") return "unknown";
  return [platform.os, platform.architecture, platform.variant].filter(Boolean).join("/");
}

/**
 * The one spelling of a platform: `x86_64` is `amd64`, `aarch64/v8` is `arm64`, `arm` is `arm/v7`.
 * @param nodeOs stands for an empty os, as it does on the node
 * Source: containerd/platforms v0.2.1 database.go, equal to containerd v1.6.20 platforms/
 */
export function normalisePlatform(platform: Platform, nodeOs = "linux"): Platform {
  const os = platform.os.toLowerCase();
  const [architecture, variant] = normaliseArchitecture(
    platform.architecture.toLowerCase(),
    (platform.variant ?? "").toLowerCase(),
  );
  return platformOf({ ...platform, os: os === "" ? nodeOs : os === "macos" ? "darwin" : os }, architecture, variant);
}

/** What newer releases of containerd's platforms library do in addition. Absent or false: as in v0.2.1. */
export interface PlatformReading {
  /** An arm64 node takes the levels below its own (v9.2, v9.1, v9, v8.7 … v8). v1.0.0-rc.1, containerd 2.0. */
  readonly arm64Levels?: boolean;
  /** An entry that wants `os.features` is for nodes that have all of them. v1.0.0-rc.4, containerd 2.3. */
  readonly osFeatures?: boolean;
  /** Windows hosts from Server 2022 on run containers of older builds, not just of their own. containerd 1.7. */
  readonly windowsStableAbi?: boolean;
}

/**
 * The platforms that a node takes from an index, best first, normalised. containerd's `local` engine goes on to what the
 * CPU runs besides (386 on amd64, 32-bit arm on arm64); the `transfer` engine takes the node's own only.
 * Source: containerd/platforms v0.2.1 compare.go `Only`, `Ordered`; containerd 2.1 core/transfer/image/imagestore.go
 */
export function platformPreferences(
  node: Platform,
  engine: "local" | "transfer",
  reading: PlatformReading = {},
): readonly Platform[] {
  const own = normalisePlatform(node);
  if (engine === "transfer") return [own];
  const variant = own.variant ?? "";
  switch (own.architecture) {
    case "amd64":
      return [own, ...below(own, "amd64", variant, 1), platformOf(own, "386", "")];
    case "arm":
      return [own, ...below(own, "arm", variant, 5)];
    case "arm64": {
      const levels = reading.arm64Levels === true ? arm64Levels(own, variant) : [];
      // 32-bit arm ends with v8, whatever the level of the 64-bit one.
      const armVariant = variant === "" || levels.length > 0 ? "v8" : variant;
      return [own, ...levels, platformOf(own, "arm", armVariant), ...below(own, "arm", armVariant, 5)];
    }
    default:
      return [own];
  }
}

/** The arm64 levels below one, best first; v9.N includes v8.(N+5). Source: containerd/platforms v1.0.0-rc.1 compare.go */
function arm64Levels(like: Platform, variant: string): readonly Platform[] {
  const level = /^v([89])(?:\.(\d))?$/.exec(variant === "" ? "v8" : variant);
  if (level === null) return [];
  const major = Number(level[1]);
  const minor = Number(level[2] ?? 0);
  const down = (of: number, from: number): string[] =>
    Array.from({ length: from + 1 }, (_, step) => (step === from ? `v${of}` : `v${of}.${from - step}`));
  const names = major === 9 ? [...down(9, minor), ...down(8, Math.min(minor + 5, 9))] : down(8, minor);
  // Both spellings of the lowest level are one.
  return [...names, "v8.0"].map((name) => normalisePlatform(platformOf(like, "arm64", name)));
}

/**
 * Whether an index entry's platform is the wanted one: os, architecture and variant equal after normalisation. An empty
 * os in the entry stands for the wanted one's. `os.version` counts on Windows, where both sides name one.
 * Source: containerd/platforms v0.2.1 platforms.go `matcher.Match`, defaults_windows.go
 */
export function matchesPlatform(wanted: Platform, offered: Platform, reading: PlatformReading = {}): boolean {
  const want = normalisePlatform(wanted);
  const offer = normalisePlatform(offered, want.os);
  if (want.os !== offer.os || want.architecture !== offer.architecture || want.variant !== offer.variant) return false;
  if (want.os === "windows" && !runsWindowsBuild(want.osVersion, offer.osVersion, reading)) return false;
  return reading.osFeatures !== true || hasFeatures(want, offer);
}

/** The feature that old index entries of Windows name without a meaning. */
const ignoredFeature = "win32k";

function hasFeatures(node: Platform, offered: Platform): boolean {
  const needed = (offered.osFeatures ?? []).filter((feature) => offered.os !== "windows" || feature !== ignoredFeature);
  return needed.every((feature) => node.osFeatures?.includes(feature) === true);
}

/** Windows Server 2022, from which on hosts run containers of older builds. */
const stableAbiSince = 20_348;

/**
 * Whether a Windows host runs a container of some build. A version that is not known, or not named, is no obstacle.
 * Source: containerd v1.6.20 platforms/defaults_windows.go, containerd/platforms v1.0.0-rc.1 platform_windows_compat.go
 */
function runsWindowsBuild(host: string | undefined, container: string | undefined, reading: PlatformReading): boolean {
  const own = windowsBuild(host);
  const wanted = windowsBuild(container);
  if (own === undefined || container === undefined || container === "") return true;
  if (wanted === undefined || own.release !== wanted.release) return false;
  if (reading.windowsStableAbi !== true || own.build < stableAbiSince) return own.build === wanted.build;
  return wanted.build >= stableAbiSince && wanted.build <= own.build;
}

function windowsBuild(version: string | undefined): { readonly release: string; readonly build: number } | undefined {
  const parts = /^(\d+\.\d+)\.(\d+)(?:\.|$)/.exec(version ?? "");
  return parts === null ? undefined : { release: parts[1] ?? "", build: Number(parts[2]) };
}

function normaliseArchitecture(architecture: string, variant: string): readonly [string, string] {
  switch (architecture) {
    case "i386":
      return ["386", ""];
    case "x86_64":
    case "x86-64":
    case "amd64":
      return ["amd64", variant === "v1" ? "" : variant];
    case "aarch64":
    case "arm64":
      return ["arm64", variant === "8" || variant === "v8" ? "" : variant];
    case "armhf":
      return ["arm", "v7"];
    case "armel":
      return ["arm", "v6"];
    case "arm":
      if (variant === "") return ["arm", "v7"];
      return ["arm", /^[5-8]$/.test(variant) ? `v${variant}` : variant];
    default:
      return [architecture, variant];
  }
}

/** The variants under `variant` down to `lowest`, best first; none where the variant is no number. */
function below(like: Platform, architecture: string, variant: string, lowest: number): readonly Platform[] {
  const level = /^v?(\d{1,2})$/.exec(variant)?.[1];
  if (level === undefined) return [];
  const count = Math.max(Number(level) - lowest, 0);
  return Array.from({ length: count }, (_, step) =>
    normalisePlatform(platformOf(like, architecture, `v${Number(level) - 1 - step}`)),
  );
}

function platformOf(like: Platform, architecture: string, variant: string): Platform {
  return {
    os: like.os,
    architecture,
    ...(variant === "" ? {} : { variant }),
    ...(like.osVersion === undefined ? {} : { osVersion: like.osVersion }),
    ...(like.osFeatures === undefined ? {} : { osFeatures: like.osFeatures }),
  };
}
