import { labUser } from "../support/lab/index.js";
import type { PullCredential } from "../support/real/index.js";
import type { PodmanNode } from "./containers-image-node.js";

/** A node of which the laboratory's authority is known, and what is pulled there. */
export interface WrittenNode {
  readonly name: string;
  readonly files: PodmanNode;
  readonly images: readonly (string | readonly [image: string, credential: PullCredential])[];
}

export const registriesConf = "/etc/containers/registries.conf";

/** The path of a drop-in. */
export const dropIn = (name: string): string => `/etc/containers/registries.conf.d/${name}`;

/** The user of the laboratory. */
export const robot: PullCredential = labUser;

/** An image that is there for whoever is let through. */
export const soundImage = "ok.test/team/app:v1";

/** A `[[registry]]` table. */
export const registry = (...lines: readonly string[]): string => `[[registry]]\n${lines.join("\n")}\n`;

/** A mirror of the table before it. */
export const mirror = (...lines: readonly string[]): string => `[[registry.mirror]]\n${lines.join("\n")}\n`;

/** A list of search registries. */
export const search = (...hosts: readonly string[]): string =>
  `unqualified-search-registries = ${JSON.stringify(hosts)}\n`;

/** A node that is all about its registries.conf. */
export const withConf = (name: string, text: string, images: WrittenNode["images"]): WrittenNode => ({
  name,
  files: { [registriesConf]: text },
  images,
});
