import { isIP } from "node:net";
import type { NodeFiles } from "../types.js";

/**
 * What a node's own /etc/hosts says about names. A name in it is answered from it alone, as the usual `hosts: files dns`
 * of nsswitch.conf has it; undefined for any other name.
 */
export function readHostsNames(files: NodeFiles): (name: string) => readonly string[] | undefined {
  const reading = files.read("/etc/hosts");
  if (reading.kind !== "text") return () => undefined;
  const addresses = new Map<string, string[]>();
  for (const line of reading.text.split("\n")) {
    const [address = "", ...names] = (line.split("#", 1)[0] ?? "").trim().split(/\s+/);
    if (isIP(address) === 0) continue;
    for (const name of names) {
      const key = name.toLowerCase();
      addresses.set(key, [...(addresses.get(key) ?? []), address]);
    }
  }
  return (name) => addresses.get(name.toLowerCase().replace(/\.$/, ""));
}
