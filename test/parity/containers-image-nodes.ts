import { createAuthority } from "../support/authority.js";
import type { Lab } from "../support/lab/index.js";
import { certificates } from "./containers-image-certificates.js";
import { dropIns, refusedFiles } from "./containers-image-files.js";
import { shortNames } from "./containers-image-names.js";
import type { NodeWithPulls } from "./containers-image-node.js";
import { policies } from "./containers-image-policies.js";
import { tables } from "./containers-image-tables.js";
import type { WrittenNode } from "./containers-image-words.js";
import type { ParityCase } from "./scenario.js";

/** Registries whose authority a node knows unless a case is about that. */
const trusted = [
  "ok.test",
  "okport.test:8443",
  "twin.test",
  "a.sub.twin.test",
  "hub.test",
  "e404all.test",
  "e503.test",
  "basic.test",
  "expired.test",
];

/** Nodes written by hand, each with what is to be seen there. */
export async function writtenNodes(lab: Lab): Promise<readonly NodeWithPulls[]> {
  const other = await createAuthority("Another Authority");
  const { certificatePem, keyPem } = await other.issue({ names: ["client.test"] });
  const trust = Object.fromEntries(trusted.map((host) => [`/etc/containers/certs.d/${host}/ca.crt`, lab.caPem]));
  const tlsCases = certificates(lab.caPem, other.certificatePem, { cert: certificatePem, key: keyPem });
  const others = [...tables, ...refusedFiles, ...dropIns, ...shortNames, ...policies];
  return [
    ...tlsCases.map(({ files: { none: _, ...files }, ...rest }) => toNode(lab, { ...rest, files })),
    ...others.map((one) => toNode(lab, { ...one, files: { ...trust, ...one.files } })),
  ];
}

function toNode(lab: Lab, { name, files, images }: WrittenNode): NodeWithPulls {
  const okDigest = lab.digestOf("ok.test", "team/app", "v1");
  const cases = images.map((given): ParityCase => {
    const [written, credential] = typeof given === "string" ? [given, undefined] : given;
    const image = written.replace("{ok}", okDigest).replace("{none}", `sha256:${"0".repeat(64)}`);
    return { id: `${name}: ${image}`, image, ...(credential === undefined ? {} : { credential }) };
  });
  return { node: files, cases };
}
