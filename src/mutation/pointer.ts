/** Keys and positions from an object's root. */
export type JsonPath = readonly (string | number)[];

/**
 * Where a field path such as `spec.template.spec.containers[0].image` leads in an object. Names of members may hold dots and
 * brackets, so the object itself decides how the text is to be read.
 * @returns undefined where it leads nowhere, or to several places
 */
export function resolveFieldPath(object: unknown, fieldPath: string): JsonPath | undefined {
  const [only, ...others] = placesAt(object, fieldPath, true);
  return others.length === 0 ? only : undefined;
}

function placesAt(value: unknown, rest: string, isFirst: boolean): readonly JsonPath[] {
  if (rest === "") return [[]];
  if (Array.isArray(value)) {
    const [whole = "", digits = ""] = /^\[(\d+)\]/.exec(rest) ?? [];
    const index = Number(digits);
    if (whole === "" || index >= value.length) return [];
    return placesAt(value[index], rest.slice(whole.length), false).map((path) => [index, ...path]);
  }
  if (typeof value !== "object" || value === null) return [];
  const text = isFirst ? rest : rest.startsWith(".") ? rest.slice(1) : undefined;
  if (text === undefined) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    name !== "" && text.startsWith(name)
      ? placesAt(member, text.slice(name.length), false).map((path) => [name, ...path])
      : [],
  );
}

/** As a JSON Pointer. Source: RFC 6901, section 3. */
export function jsonPointer(path: JsonPath): string {
  return path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** What stands at a path; undefined where nothing does. */
export function valueAt(object: unknown, path: JsonPath): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, part) ? Reflect.get(value, part) : undefined,
    object,
  );
}
