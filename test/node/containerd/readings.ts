import assert from "node:assert/strict";
import type { HostsFileEntry } from "../../../src/node/containerd/host-entry.js";
import { type HostsFileReading, parseHostsFile } from "../../../src/node/containerd/hosts-file.js";
import { hostTraits } from "../../../src/node/containerd/traits.js";
import { parseRuntime } from "../../../src/node/index.js";

export const old = "1.6.20";
export const late1 = "1.7.34";
export const two = "2.1.9";
export const newest = "2.3.4";
export const all = [old, late1, two, newest];

export function read(text: string, version: string): HostsFileReading {
  return parseHostsFile(text, hostTraits(parseRuntime(`containerd://${version}`)));
}

/** The entries of a file that counts. */
export function entries(text: string, version: string): readonly HostsFileEntry[] {
  const reading = read(text, version);
  assert.ok(reading.kind === "read", JSON.stringify(reading));
  return reading.entries;
}
