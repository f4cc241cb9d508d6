/** A document that is refused, and every line that says why. */
export interface InvalidConfig {
  readonly name: string;
  readonly document: unknown;
  readonly want: readonly string[];
}

const head = { apiVersion: "pullguard.dev/v1", kind: "PullguardConfig", metadata: { name: "default" } };

function spec(name: string, given: unknown, ...want: readonly string[]): InvalidConfig {
  return { name, document: { ...head, spec: given }, want };
}

const rule = (changes: object): object => ({ rules: [{ name: "one", actions: ["Warn"], ...changes }] });
const match = (changes: object): object => rule({ match: changes });
const selector = (changes: object): object => match({ namespaceSelector: changes });
const exempt = (changes: object): object => ({
  exemptions: [{ name: "one", match: { kinds: ["Pod"] }, reason: "known", expires: "2030-01-31", ...changes }],
});
const dial = (changes: object): object => ({ registries: { dial: changes } });
const oneOfActions = "must be Deny, Warn, Audit or Ignore";

/** Each wrong in its own way; the order is that of the schema. */
export const invalidConfigs: readonly InvalidConfig[] = [
  { name: "a text", document: "nothing", want: ["must be a mapping"] },
  { name: "a list", document: [head], want: ["must be a mapping"] },
  { name: "an empty file", document: null, want: ["must be a mapping"] },
  {
    name: "another version",
    document: { ...head, apiVersion: "pullguard.dev/v2" },
    want: ['apiVersion: must be pullguard.dev/v1, not "pullguard.dev/v2"'],
  },
  {
    name: "another kind",
    document: { ...head, kind: "PullGuardConfig" },
    want: ['kind: must be PullguardConfig, not "PullGuardConfig"'],
  },
  { name: "no kind", document: { apiVersion: head.apiVersion }, want: ["kind: must be given: PullguardConfig"] },
  { name: "a field beside spec", document: { ...head, rules: [] }, want: ["rules: no such field"] },
  {
    name: "another name",
    document: { ...head, metadata: { name: "mine" } },
    want: ["metadata.name: must be default: there is one PullguardConfig in a cluster"],
  },
  spec("a spec that is a list", [], "spec: must be a mapping"),
  spec("a field of the spec that is misspelt", { rule: [] }, "spec.rule: no such field"),
  spec("rules that are a mapping", { rules: {} }, "spec.rules: must be a list"),
  spec(
    "an action of its own making",
    { defaults: { unpullable: ["Block"] } },
    `spec.defaults.unpullable[0]: ${oneOfActions}, not "Block"`,
  ),
  spec(
    "an action in lower case",
    { defaults: { unpullable: ["deny"] } },
    `spec.defaults.unpullable[0]: ${oneOfActions}, not "deny"`,
  ),
  spec("actions that are no list", { defaults: { unknown: "Warn" } }, "spec.defaults.unknown: must be a list"),
  spec("no actions", { defaults: { unknown: [] } }, "spec.defaults.unknown: must not be an empty list"),
  spec(
    "a denial of everything unknown",
    { defaults: { unknown: ["Deny"] } },
    "spec.defaults.unknown: must not be Deny: what is not certain is denied only by a rule that names its cause",
  ),
  spec(
    "a denial of all advice",
    { defaults: { advice: ["Deny", "Audit"] } },
    "spec.defaults.advice: must not be Deny: what is not certain is denied only by a rule that names its cause",
  ),
  spec("a rule without a name", { rules: [{ actions: ["Warn"] }] }, "spec.rules[0].name: must be given"),
  spec("a rule without actions", { rules: [{ name: "one" }] }, "spec.rules[0].actions: must be given"),
  spec(
    "a rule's name with spaces",
    rule({ name: "My rule" }),
    "spec.rules[0].name: must consist of lower case letters, digits and hyphens",
  ),
  spec(
    "a name used twice",
    {
      rules: [
        { name: "one", actions: ["Warn"] },
        { name: "one", actions: ["Deny"] },
      ],
    },
    "spec.rules[1].name: is the name of spec.rules[0] already",
  ),
  spec(
    "Deny and Warn at once",
    rule({ actions: ["Deny", "Warn"] }),
    "spec.rules[0].actions: Deny and Warn exclude each other: a denial says all that a warning would",
  ),
  spec(
    "Ignore beside another",
    rule({ actions: ["Ignore", "Audit"] }),
    "spec.rules[0].actions: Ignore must stand alone",
  ),
  spec("an action twice", rule({ actions: ["Audit", "Audit"] }), "spec.rules[0].actions: names an action twice"),
  spec(
    "three actions",
    rule({ actions: ["Deny", "Audit", "Warn"] }),
    "spec.rules[0].actions: must have 2 entries at most",
  ),
  spec("a field of a rule that does not exist", rule({ action: "Deny" }), "spec.rules[0].action: no such field"),
  spec(
    "a cause that does not exist",
    match({ causes: ["TagNotFound", "TagMissing"] }),
    'spec.rules[0].match.causes[1]: there is no cause "TagMissing"',
  ),
  spec(
    "a cause in other case",
    match({ causes: ["tagnotfound"] }),
    'spec.rules[0].match.causes[0]: there is no cause "tagnotfound"; do you mean TagNotFound?',
  ),
  spec(
    "a cause that is misspelt",
    match({ causes: ["TagNotFond"] }),
    'spec.rules[0].match.causes[0]: there is no cause "TagNotFond"; do you mean TagNotFound?',
  ),
  spec("an empty list of images", match({ images: [] }), "spec.rules[0].match.images: must not be an empty list"),
  spec("an empty image pattern", match({ images: [""] }), "spec.rules[0].match.images[0]: must not be empty"),
  spec(
    "a pattern without registry",
    match({ images: ["**", "nginx"] }),
    "spec.rules[0].match.images[1]: names no registry; write docker.io/library/nginx, or ** for every image",
  ),
  spec(
    "a pattern with a path alone",
    match({ images: ["bitnami/*"] }),
    "spec.rules[0].match.images[0]: names no registry; write docker.io/bitnami/*",
  ),
  spec(
    "a registry without images",
    match({ images: ["reg.test:5000"] }),
    "spec.rules[0].match.images[0]: names a registry alone; write reg.test:5000/** for all of its images",
  ),
  spec(
    "a pattern with a space",
    match({ images: ["reg.test/a b"] }),
    'spec.rules[0].match.images[0]: must not contain " "',
  ),
  spec(
    "a regular expression",
    match({ images: ["^reg.test/(a|b)$"] }),
    'spec.rules[0].match.images[0]: must not contain "^"',
  ),
  spec(
    "a kind that is misspelt",
    match({ kinds: ["Deploymnet"] }),
    'spec.rules[0].match.kinds[0]: "Deploymnet" is no kind of workload; do you mean Deployment?',
  ),
  spec(
    "a custom kind that is not declared",
    match({ kinds: ["Rollout"] }),
    'spec.rules[0].match.kinds[0]: "Rollout" is no kind of workload; custom ones are declared in spec.podTemplates',
  ),
  spec(
    "a verdict of its own making",
    match({ verdicts: ["broken"] }),
    'spec.rules[0].match.verdicts[0]: must be unpullable, unknown or advice, not "broken"',
  ),
  spec(
    "a label key that is none",
    selector({ matchLabels: { "a b": "x" } }),
    'spec.rules[0].match.namespaceSelector.matchLabels["a b"]: must be a label key such as team or example.com/team',
  ),
  spec(
    "a label that is a number",
    selector({ matchLabels: { team: 1 } }),
    "spec.rules[0].match.namespaceSelector.matchLabels.team: must be a text",
  ),
  spec(
    "a label value that is none",
    selector({ matchLabels: { team: "a/b" } }),
    'spec.rules[0].match.namespaceSelector.matchLabels["team"]: must be a label value',
  ),
  spec(
    "In without values",
    selector({ matchExpressions: [{ key: "team", operator: "In" }] }),
    "spec.rules[0].match.namespaceSelector.matchExpressions[0].values: must not be empty with In",
  ),
  spec(
    "Exists with values",
    selector({ matchExpressions: [{ key: "team", operator: "Exists", values: ["a"] }] }),
    "spec.rules[0].match.namespaceSelector.matchExpressions[0].values: must be left out with Exists",
  ),
  spec(
    "an operator that labels do not have",
    selector({ matchExpressions: [{ key: "team", operator: "Gt", values: ["1"] }] }),
    'spec.rules[0].match.namespaceSelector.matchExpressions[0].operator: must be In, NotIn, Exists or DoesNotExist, not "Gt"',
  ),
  spec("an exemption without reason", exempt({ reason: undefined }), "spec.exemptions[0].reason: must be given"),
  spec("an exemption with an empty reason", exempt({ reason: " " }), "spec.exemptions[0].reason: must not be empty"),
  spec("an exemption that never expires", exempt({ expires: undefined }), "spec.exemptions[0].expires: must be given"),
  spec(
    "an exemption until a day that does not exist",
    exempt({ expires: "2030-02-30" }),
    "spec.exemptions[0].expires: must be a date such as 2027-01-31, or a time such as 2027-01-31T18:00:00Z",
  ),
  spec(
    "an exemption until some time",
    exempt({ expires: "next year" }),
    "spec.exemptions[0].expires: must be a date such as 2027-01-31, or a time such as 2027-01-31T18:00:00Z",
  ),
  spec(
    "an exemption of everything",
    exempt({ match: {} }),
    "spec.exemptions[0].match: must name what is exempt: images, kinds, causes or a namespaceSelector",
  ),
  spec(
    "enforcement of a kind that is misspelt",
    { enforcement: { pod: "Warn" } },
    'spec.enforcement.pod: "pod" is no kind of workload; do you mean Pod?',
  ),
  spec(
    "enforcement by an action of its own making",
    { enforcement: { Pod: "Never" } },
    `spec.enforcement.Pod: ${oneOfActions}, not "Never"`,
  ),
  spec(
    "an override that is neither",
    { overrides: { namespaceMode: true } },
    "spec.overrides.namespaceMode: must be Allow, Stricter or Forbid",
  ),
  spec("a deadline that is a number", { deadlines: { check: 5 } }, "spec.deadlines.check: must be a text"),
  spec(
    "a deadline without a unit",
    { deadlines: { check: "5" } },
    "spec.deadlines.check: must be a duration such as 5s or 1500ms",
  ),
  spec(
    "a deadline that no API server waits for",
    { deadlines: { check: "2m" } },
    "spec.deadlines.check: must be from 100ms to 30s",
  ),
  spec(
    "a range with bits behind the prefix",
    dial({ allowCIDRs: ["10.0.0.0/8", "10.0.0.1/8"] }),
    "spec.registries.dial.allowCIDRs[1]: must be a range such as 10.0.0.0/8 or fd00::/8, without bits behind the prefix",
  ),
  spec(
    "a host where a range belongs",
    dial({ denyCIDRs: ["localhost"] }),
    "spec.registries.dial.denyCIDRs[0]: must be a range such as 10.0.0.0/8 or fd00::/8, without bits behind the prefix",
  ),
  spec(
    "a URL where a host belongs",
    dial({ denyHosts: ["http://reg.test"] }),
    "spec.registries.dial.denyHosts[0]: must be a host such as registry.example.com, *.example.com or 10.0.0.1:5000",
  ),
  spec(
    "a mirror with a tag",
    { registries: { mirrors: [{ prefix: "docker.io", mirror: "reg.test/hub:v1" }] } },
    "spec.registries.mirrors[0].mirror: must be a registry, with or without a path, such as docker.io/library",
  ),
  spec(
    "a mirror of itself",
    { registries: { mirrors: [{ prefix: "reg.test/a", mirror: "reg.test/a" }] } },
    "spec.registries.mirrors[0].mirror: must not be its own prefix",
  ),
  spec(
    "a pull secret in no namespace",
    { registries: { pullSecrets: [{ images: ["reg.test/**"], secret: { name: "pull" } }] } },
    "spec.registries.pullSecrets[0].secret.namespace: must be given",
  ),
  spec(
    "a pull secret with a name that is none",
    { registries: { pullSecrets: [{ images: ["reg.test/**"], secret: { namespace: "ops", name: "Pull Secret" } }] } },
    "spec.registries.pullSecrets[0].secret.name: must be the name of an object",
  ),
  spec("events that are switched on by a word", { events: "yes" }, "spec.events: must be true or false"),
  spec("a mutation that does not exist", { mutations: { pinTag: {} } }, "spec.mutations.pinTag: no such field"),
  spec(
    "a mutation that is switched on by true",
    { mutations: { pinDigest: true } },
    "spec.mutations.pinDigest: must be a mapping",
  ),
  spec(
    "a mutation by causes",
    { mutations: { pinDigest: { match: { causes: ["TagNotFound"] } } } },
    "spec.mutations.pinDigest.match.causes: no such field",
  ),
  spec(
    "a mutation for a kind that is none",
    { mutations: { addPullSecret: { match: { kinds: ["Deploymnt"] } } } },
    'spec.mutations.addPullSecret.match.kinds[0]: "Deploymnt" is no kind of workload; do you mean Deployment?',
  ),
  spec(
    "a pull policy that would never pull",
    { mutations: { setPullPolicy: { tag: "Never" } } },
    'spec.mutations.setPullPolicy.tag: must be Always or IfNotPresent, not "Never"',
  ),
  spec(
    "a pull policy for nothing",
    { mutations: { setPullPolicy: {} } },
    "spec.mutations.setPullPolicy: must name a policy for latest, tag or digest",
  ),
  spec(
    "tags of mirrors that are believed somewhat",
    { mutations: { useMirror: { tags: "Maybe" } } },
    'spec.mutations.useMirror.tags: must be SameDigest or Trust, not "Maybe"',
  ),
  spec(
    "a Pod template at no path",
    { podTemplates: [{ apiGroup: "argoproj.io", kind: "Rollout", path: "$.spec" }] },
    "spec.podTemplates[0].path: must be a path such as spec.template or spec.groups[*].template",
  ),
  spec(
    "a Pod template of a built-in kind",
    { podTemplates: [{ apiGroup: "apps", kind: "Deployment", path: "spec.template" }] },
    "spec.podTemplates[0]: Deployment is known without being declared",
  ),
  spec(
    "a Pod template of a version",
    { podTemplates: [{ apiGroup: "argoproj.io/v1alpha1", kind: "Rollout", path: "spec.template" }] },
    "spec.podTemplates[0].apiGroup: must be an API group such as argoproj.io",
  ),
  spec(
    "several faults at once",
    { ...rule({ name: "One", actions: ["Deny", "Warn"] }), deadlines: { check: "never" } },
    "spec.rules[0].name: must consist of lower case letters, digits and hyphens",
    "spec.rules[0].actions: Deny and Warn exclude each other: a denial says all that a warning would",
    "spec.deadlines.check: must be a duration such as 5s or 1500ms",
  ),
];
