import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { at, loadObjects, type ManifestObject } from "./objects.js";

/** Headings of docs/rbac.md with a table of rights, and the folders whose roles for an account it describes. */
const sections = [
  { heading: "What it has", folder: "manifests", roles: ["pullguard", "pullguard-policy"] },
  { heading: "For certificates", folder: "manifests", roles: ["pullguard-certificates"] },
  { heading: "For mutation", folder: "manifests/mutation", roles: ["pullguard-mutation"] },
  { heading: "For Events", folder: "manifests/events", roles: ["pullguard-events"] },
  { heading: "Watching pulls", folder: "manifests/watch-pulls", roles: ["pullguard-watch-pulls"] },
  { heading: "For the audit", folder: "manifests/audit", roles: ["pullguard-audit"] },
  { heading: "What the node agent has", folder: "manifests", roles: ["pullguard-node-agent"] },
];

const withoutNamespace = [
  ...[
    "nodes",
    "namespaces",
    "nodepullprofiles",
    "nodepullprofiles/status",
    "pullguardconfigs",
    "pullguardconfigs/status",
  ],
  ...["servicecidrs", "validatingwebhookconfigurations", "mutatingwebhookconfigurations"],
  ...["clusterpolicyreports", "clusterreports"],
];

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

const list = "`[a-z/]+`(?:, `[a-z/]+`)*";
const rowPattern = new RegExp(
  `^\\| (${list}) on (${list})(?: of \`([a-z0-9.]+)\`)?(?: named \`([a-z-]+)\`)? \\| \`?([a-z -]+)\`? \\|`,
  "gm",
);

/** The rights of a section's table, one verb each: `get secrets named x in every namespace`. */
function documented(heading: string): readonly string[] {
  const page = readFileSync("docs/rbac.md", "utf8");
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? "";
  const tables = section.match(/\| Right \|.*\n(?:\|.*\n)+/g) ?? [];
  const rows = tables.flatMap((table) => [...table.matchAll(rowPattern)]);
  const lines = tables.flatMap((table) => table.trim().split("\n").slice(2));
  assert.equal(rows.length, lines.length, `${heading}: each row can be read`);
  return rows
    .flatMap(([, verbs = "", resources = "", group = "", name, where = ""]) =>
      wordsOf(verbs).flatMap((verb) =>
        wordsOf(resources).map((resource) => spelled({ verb, resource, group, name, where })),
      ),
    )
    .sort();
}

function wordsOf(text: string): readonly string[] {
  return text.match(/[a-z/]+/g) ?? [];
}

function spelled(right: {
  verb: string;
  resource: string;
  group: string;
  name: string | undefined;
  where: string;
}): string {
  const { verb, resource, group, name, where } = right;
  return `${verb} ${resource}.${group}${name === undefined ? "" : ` named ${name}`} in ${where}`;
}

/** What the manifests' roles of these names allow. */
function granted(objects: readonly ManifestObject[], roles: readonly string[]): readonly string[] {
  const owned = objects.filter(({ kind, name }) => (kind === "ClusterRole" || kind === "Role") && roles.includes(name));
  return owned
    .flatMap(({ kind, value }) =>
      (at(value, "rules") as readonly Rule[]).flatMap(({ apiGroups, resources, verbs, resourceNames = [undefined] }) =>
        apiGroups.flatMap((group) =>
          resources.flatMap((resource) => {
            const wide = withoutNamespace.includes(resource) ? "the cluster" : "every namespace";
            const where = kind === "Role" ? String(at(value, "metadata", "namespace")) : wide;
            return verbs.flatMap((verb) =>
              resourceNames.map((name) => spelled({ verb, resource, group, name, where })),
            );
          }),
        ),
      ),
    )
    .sort();
}

describe("the rights of the manifests", () => {
  for (const { heading, folder, roles } of sections) {
    it(`are those of docs/rbac.md: ${heading}`, () => {
      const wanted = documented(heading);
      assert.ok(wanted.length > 0);
      assert.deepEqual(granted(loadObjects(folder), roles), wanted);
    });
  }

  it("are in no role that the page does not tell of", () => {
    for (const folder of new Set(sections.map((section) => section.folder))) {
      const known = sections.filter((section) => section.folder === folder).flatMap(({ roles }) => roles);
      const roles = loadObjects(folder).filter(({ kind }) => /^(Cluster)?Role(Binding)?$/.test(kind));
      for (const { kind, name } of roles) assert.ok(known.includes(name), `${kind} ${name}`);
    }
  });

  it("are bound to the account of the webhook or of the agents, and to nobody else", () => {
    for (const folder of new Set(sections.map((section) => section.folder))) {
      for (const { kind, name, value } of loadObjects(folder)) {
        if (!kind.endsWith("RoleBinding")) continue;
        const isAgents = name === "pullguard-node-agent";
        const account = isAgents ? "pullguard-node-agent" : "pullguard";
        const namespace = isAgents ? "pullguard-node-agent" : "pullguard-system";
        assert.deepEqual(at(value, "subjects"), [{ kind: "ServiceAccount", name: account, namespace }], name);
        assert.equal(at(value, "roleRef", "name"), name);
      }
    }
  });
});
