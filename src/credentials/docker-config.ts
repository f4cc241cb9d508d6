import { Redacted } from "../core/index.js";
import { parseAuthField } from "./auth-field.js";
import { type GoJson, type GoJsonMember, parseGoJson } from "./go-json.js";
import { readKey, shownKey } from "./registry-key.js";
import type { PullSecretEntry, SecretNote } from "./types.js";

/** `config-json`: entries under `auths` (`.dockerconfigjson`, config.json). `legacy`: the entries themselves (`.dockercfg`). */
export type DockerConfigForm = "config-json" | "legacy";

/** The entries of a text, or the kubelet's error, which voids them all. `key` is the entry that causes it. */
export type DockerConfigReading =
  | { readonly kind: "entries"; readonly entries: readonly PullSecretEntry[]; readonly notes: readonly SecretNote[] }
  | { readonly kind: "malformed"; readonly message: string; readonly key?: string };

/**
 * Reads a docker config as the kubelet does: JSON keys in any case, a repeated `auths` adds to the first one, a bad
 * entry fails the whole text, whatever registry it is for.
 *
 * The messages are those of kubelets built with Go before 1.24; later ones name the entry's field too
 * (`DockerConfigJSON.auths.auth` for `DockerConfigJSON.auths`).
 * Source: kubelet pkg/credentialprovider/config.go and Go encoding/json, ran
 */
export function parseDockerConfig(text: string, form: DockerConfigForm): DockerConfigReading {
  const json = parseGoJson(text);
  if (json.kind === "invalid") return { kind: "malformed", message: json.message };
  const reader = new ConfigReader(form);
  const fault = form === "legacy" ? reader.entries(json.value) : reader.config(json.value);
  if (fault !== undefined) return { kind: "malformed", ...fault };
  return { kind: "entries", entries: [...reader.found.values()], notes: [...reader.rootNotes, ...reader.notes()] };
}

interface Fault {
  readonly message: string;
  readonly key?: string;
}

interface EntryReading {
  readonly entry: PullSecretEntry;
  readonly notes: readonly SecretNote[];
}

class ConfigReader {
  readonly found = new Map<string, PullSecretEntry>();
  readonly rootNotes: SecretNote[] = [];
  readonly #entryNotes = new Map<string, readonly SecretNote[]>();
  readonly #form: DockerConfigForm;

  constructor(form: DockerConfigForm) {
    this.#form = form;
  }

  notes(): readonly SecretNote[] {
    return [...this.#entryNotes.values()].flat();
  }

  config(value: GoJson): Fault | undefined {
    const members = membersOf(value);
    if (members === undefined) return { message: mismatch(value, "Go value", "credentialprovider.DockerConfigJSON") };
    // Go reports a value of the wrong type last: an entry that cannot be decoded comes first, wherever it stands.
    let mistyped: Fault | undefined;
    for (const { key, value: member } of members) {
      if (/^auths$/iu.test(key)) {
        const fault = this.entries(member);
        if (fault?.key !== undefined) return fault;
        mistyped ??= fault;
      } else if (/^HttpHeaders$/iu.test(key)) mistyped ??= headersFault(member);
    }
    this.#noteRoot(members);
    return mistyped;
  }

  entries(value: GoJson): Fault | undefined {
    const members = membersOf(value);
    if (members === undefined) return { message: mismatch(value, this.#target(), "credentialprovider.DockerConfig") };
    if (value.kind === "null") {
      this.found.clear();
      this.#entryNotes.clear();
    }
    for (const { key, value: member } of members) {
      const reading = this.#entry(key, member);
      if (!("entry" in reading)) return reading;
      if (this.#form === "legacy" && key === "auths") this.rootNotes.push({ code: "NestedAuths", key });
      this.found.set(key, reading.entry);
      this.#entryNotes.set(key, reading.notes);
    }
    return undefined;
  }

  #entry(writtenKey: string, value: GoJson): EntryReading | Fault {
    const members = membersOf(value);
    const key = shownKey(writtenKey);
    if (members === undefined) {
      return { key, message: mismatch(value, this.#target(), "credentialprovider.dockerConfigEntryWithAuth") };
    }
    const fields = new Map<string, string>();
    let mistyped: Fault | undefined;
    for (const { key: name, value: member } of members) {
      const field = entryFields.find(({ pattern }) => pattern.test(name))?.name;
      if (field === undefined) continue;
      if (member.kind === "string") fields.set(field, member.value);
      else if (member.kind !== "null") {
        const target = this.#form === "legacy" ? `Go struct field dockerConfigEntryWithAuth.${field}` : this.#target();
        mistyped ??= { key, message: mismatch(member, target, "string") };
      }
    }
    return mistyped ?? readEntry(writtenKey, fields, members);
  }

  #target(): string {
    return this.#form === "legacy" ? "Go value" : "Go struct field DockerConfigJSON.auths";
  }

  #noteRoot(members: readonly GoJsonMember[]): void {
    const has = (name: RegExp) => members.some(({ key, value }) => name.test(key) && !isBlank(value));
    if (has(/^cred(Helpers|sStore)$/iu)) this.rootNotes.push({ code: "CredentialHelpersIgnored" });
    if (!members.some(({ key }) => /^auths$/iu.test(key))) this.rootNotes.push({ code: "AuthsMissing" });
  }
}

const entryFields = [
  { name: "username", pattern: /^username$/iu },
  { name: "password", pattern: /^password$/iu },
  { name: "email", pattern: /^email$/iu },
  { name: "auth", pattern: /^auth$/iu },
] as const;

function readEntry(
  writtenKey: string,
  fields: ReadonlyMap<string, string>,
  members: readonly GoJsonMember[],
): EntryReading | Fault {
  const key = shownKey(writtenKey);
  const written = { username: fields.get("username") ?? "", password: fields.get("password") ?? "" };
  const auth = fields.get("auth") ?? "";
  const field = auth === "" ? { kind: "pair" as const, ...written, isUtf8: true } : parseAuthField(auth);
  if (field.kind === "malformed") return { key, message: field.message };
  const notes: SecretNote[] = [];
  const location = readKey(writtenKey);
  if (location === undefined || location.host === "") notes.push({ code: "KeyUnusable", key });
  else if (!location.isAcceptedByAll) notes.push({ code: "KeyDependsOnVersion", key });
  if (members.some(({ key: name, value }) => /^(identity|registry)token$/iu.test(name) && !isBlank(value))) {
    notes.push({ code: "TokenIgnored", key });
  }
  const isOverridden =
    (written.username !== "" && written.username !== field.username) ||
    (written.password !== "" && written.password !== field.password);
  if (isOverridden) notes.push({ code: "AuthOverridesUser", key });
  if (field.username === "") notes.push({ code: "AnonymousEntry", key });
  if (!field.isUtf8) notes.push({ code: "AuthNotUtf8", key });
  const password = new Redacted(field.password);
  return { entry: { key, writtenKey: new Redacted(writtenKey), username: field.username, password }, notes };
}

function headersFault(value: GoJson): Fault | undefined {
  const target = "Go struct field DockerConfigJSON.HttpHeaders";
  const members = membersOf(value);
  if (members === undefined) return { message: mismatch(value, target, "map[string]string") };
  const bad = members.find(({ value: header }) => header.kind !== "string" && header.kind !== "null");
  return bad === undefined ? undefined : { message: mismatch(bad.value, target, "string") };
}

/** Null counts as an object without members; undefined for anything that is no object. */
function membersOf(value: GoJson): readonly GoJsonMember[] | undefined {
  if (value.kind === "object") return value.members;
  return value.kind === "null" ? [] : undefined;
}

function isBlank(value: GoJson): boolean {
  if (value.kind === "string") return value.value === "";
  return value.kind === "null" || (value.kind === "object" && value.members.length === 0);
}

function mismatch(value: GoJson, target: string, type: string): string {
  return `json: cannot unmarshal ${value.kind} into ${target} of type ${type}`;
}
