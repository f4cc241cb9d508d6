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

/**
 * The platforms that a node takes from an index, best first, normalised. containerd's `local` engine goes on to what the
 * CPU runs besides (386 on amd64, 32-bit arm on arm64); the `transfer` engine takes the node's own only.
 * Source: containerd/platforms v0.2.1 compare.go `Only`, `Ordered`; containerd 2.1 core/transfer/image/imagestore.go
 */
export function platformPreferences(node: Platform, engine: "local" | "transfer"): readonly Platform[] {
  const own = normalisePlatform(node);
  if (engine === "transfer") return [own];
  const variant = own.variant ?? "";
  switch (own.architecture) {
    case "amd64":
      return [own, ...below(own, "amd64", variant, 1), platformOf(own, "386", "")];
    case "arm":
      return [own, ...below(own, "arm", variant, 5)];
    case "arm64": {
      const armVariant = variant === "" ? "v8" : variant;
      return [own, platformOf(own, "arm", armVariant), ...below(own, "arm", armVariant, 5)];
    }
    default:
      return [own];
  }
}

/**
 * Whether an index entry's platform is the wanted one: os, architecture and variant equal after normalisation. An empty
 * os in the entry stands for the wanted one's. `os.version` and `os.features` do not count.
 * Source: containerd/platforms v0.2.1 platforms.go `matcher.Match`
 */
export function matchesPlatform(wanted: Platform, offered: Platform): boolean {
  const want = normalisePlatform(wanted);
  const offer = normalisePlatform(offered, want.os);
  return want.os === offer.os && want.architecture === offer.architecture && want.variant === offer.variant;
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
  };
}
