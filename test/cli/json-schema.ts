type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

const understood = new Set([
  ...["$schema", "$id", "$defs", "title", "description"],
  ...["$ref", "const", "enum", "type", "required", "properties", "items", "minimum", "minItems", "pattern"],
]);

/**
 * Faults of `value` against a JSON schema (2020-12) that keeps to the keywords used in this repository; a keyword beyond
 * these is a fault too, lest it pass unchecked. Unlike the standard it also refuses undeclared properties.
 */
export function schemaFaults(root: JsonObject, value: Json, schema: Json = root, at = "$"): readonly string[] {
  const rules = asObject(schema);
  const strange = Object.keys(rules).filter((keyword) => !understood.has(keyword));
  if (strange.length > 0) return [`${at}: unchecked keyword ${strange.join(", ")}`];
  if (typeof rules.$ref === "string") return schemaFaults(root, value, resolve(root, rules.$ref), at);
  const faults: string[] = [];
  const refuse = (isWrong: boolean, why: string) => void (isWrong && faults.push(`${at}: ${why}`));
  if (rules.type !== undefined) refuse(![rules.type].flat().includes(typeOf(value)), `is ${typeOf(value)}`);
  if (rules.const !== undefined) refuse(value !== rules.const, `is not ${String(rules.const)}`);
  if (Array.isArray(rules.enum)) refuse(!rules.enum.includes(value), "is none of the enum");
  if (typeof rules.minimum === "number") refuse(Number(value) < rules.minimum, "is too small");
  if (typeof rules.pattern === "string" && typeof value === "string") {
    refuse(!new RegExp(rules.pattern, "u").test(value), `does not match ${rules.pattern}`);
  }
  if (Array.isArray(value)) {
    if (typeof rules.minItems === "number") refuse(value.length < rules.minItems, "has too few items");
    faults.push(...value.flatMap((item, index) => schemaFaults(root, item, rules.items ?? {}, `${at}[${index}]`)));
  } else if (typeof value === "object" && value !== null) {
    faults.push(...propertyFaults(root, asObject(value), rules, at));
  }
  return faults;
}

function propertyFaults(root: JsonObject, value: JsonObject, rules: JsonObject, at: string): readonly string[] {
  const properties = asObject(rules.properties ?? {});
  const required = Array.isArray(rules.required) ? rules.required.map(String) : [];
  return [
    ...required.filter((key) => !(key in value)).map((key) => `${at}: lacks ${key}`),
    ...Object.entries(value).flatMap(([key, inner]) => {
      const schema = properties[key];
      return schema === undefined ? [`${at}: has ${key}`] : schemaFaults(root, inner, schema, `${at}.${key}`);
    }),
  ];
}

function resolve(root: JsonObject, reference: string): Json {
  return reference
    .slice("#/".length)
    .split("/")
    .reduce<Json>((node, key) => asObject(node)[key] ?? null, root);
}

function asObject(value: Json): JsonObject {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new TypeError(`no object: ${JSON.stringify(value)}`);
}

function typeOf(value: Json): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}
