import type { SecretExplanation, ShownEntry } from "./explain-secret-types.js";

/**
 * The explanation for machines: one JSON document, ending in a newline. Passwords are told by `hasPassword` alone.
 * Keys may be added within `pullguard.dev/v1`, never renamed or removed.
 */
export function renderSecretJson(explanation: SecretExplanation): string {
  const { file, namespace, name, type, reading, entries, image } = explanation;
  const document = {
    apiVersion: "pullguard.dev/v1",
    kind: "SecretExplanation",
    secret: { file: file ?? null, namespace, name: name === "" ? null : name, type: type ?? null },
    reading: reading.kind,
    reason: "reason" in reading ? reading.reason : null,
    kubeletError: reading.kind === "malformed" ? { message: reading.message, key: reading.key ?? null } : null,
    entries: entries.map(entryOf),
    notes: reading.kind === "usable" ? (reading.notes ?? []).map(({ code, key }) => ({ code, key: key ?? null })) : [],
    image:
      image === undefined
        ? null
        : {
            image: image.reference.written,
            repository: `${image.reference.domain}/${image.reference.path}`,
            tried: image.tried.map(entryOf),
            notApplying: image.misses.map(({ reason, origin }) => ({ key: origin.key, reason })),
            versionDependent: [...image.versionDependent],
          },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** Key by key, so that nothing becomes public by accident. */
function entryOf({ key, username, hasPassword }: ShownEntry): ShownEntry {
  return { key, username, hasPassword };
}
