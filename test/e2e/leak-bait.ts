import { labUser, type RegistrySpec, secure } from "../support/lab/index.js";

/** The laboratory's user with a password that needs escaping in URLs, and that no registry takes. */
export const wrongUser = { username: labUser.username, password: "wr0ng p@ss/w%rd" };
/** Namespace of every Secret. */
export const namespace = "shop";

/** Stands in a URL that a registry hands out, as in the presigned URLs of object stores. */
export const presignature = "pres1gned-by-the-store";

/** Registries that take credentials in every way, and some that fail with them. */
export const registries: readonly RegistrySpec[] = [
  secure("basic.test", [], "basic"),
  secure("bearer.test", [], "bearer"),
  secure("post.test", [{ kind: "token-post", answer: "access-token" }], "bearer"),
  secure("page.test", [{ kind: "token-answer", answer: "html" }], "bearer"),
  secure("down.test", [{ kind: "token-answer", answer: { status: 503 } }], "bearer"),
  secure("away.test", [{ kind: "realm", url: "https://nowhere.test/token" }], "bearer"),
  secure("moved.test", [{ kind: "manifest-redirect", to: "https://basic.test" }], "basic"),
  secure("presigned.test", [{ kind: "manifest-redirect", to: `https://gone.test/?signature=${presignature}&path=` }]),
  secure("forbidden.test", [{ kind: "forbidden" }], "bearer"),
  secure("hidden.test", [{ kind: "hidden", visible: [], error: "insufficient_scope" }], "bearer"),
  secure("weird.test", [], "weird"),
  { host: "stranger.test", port: 443, transport: { kind: "stranger" }, auth: "basic" },
  { host: "plain.test", port: 443, transport: { kind: "http" }, auth: "basic" },
  { host: "gone.test", port: 443, transport: { kind: "nothing-listens" } },
];
/** Names of the registries. */
export const hosts = registries.map(({ host }) => host);
/** One image of each registry. */
export const images = hosts.map((host) => `${host}/team/app:v1`);

/** Secrets by name, sound and broken; each holds the password in some spelling. */
export const secretTexts: Readonly<Record<string, string>> = {
  right: configOf(labUser),
  wrong: configOf(wrongUser),
  "as-pair": JSON.stringify({ auths: Object.fromEntries(hosts.map((host) => [host, { auth: pairOf(labUser) }])) }),
  "in-key": JSON.stringify({ auths: { [`https://${labUser.username}:${labUser.password}@basic.test`]: labUser } }),
  "no-colon": JSON.stringify({ auths: { "basic.test": { auth: base64(labUser.password) } } }),
  "no-base64": JSON.stringify({ auths: { "basic.test": { auth: labUser.password } } }),
  "no-string": JSON.stringify({ auths: { "basic.test": { password: [labUser.password] } } }),
  "no-json": `{"auths":{"basic.test":{"password":"${labUser.password}" oops`,
  token: JSON.stringify({ auths: { "basic.test": { ...labUser, identitytoken: labUser.password } } }),
};

/** The manifest of one of {@link secretTexts}. */
export function manifestOf(name: string): object {
  const data = { ".dockerconfigjson": base64(secretTexts[name] ?? "") };
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace },
    type: "kubernetes.io/dockerconfigjson",
    data,
  };
}

/** A docker config.json with this user for every registry. */
export function configOf(user: typeof labUser | typeof wrongUser): string {
  return JSON.stringify({ auths: Object.fromEntries(hosts.map((host) => [host, user])) });
}

/** User and password as Basic authentication has them. */
export function pairOf({ username, password }: typeof labUser): string {
  return base64(`${username}:${password}`);
}

/** Of UTF-8 text. */
export function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
