import assert from "node:assert/strict";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { loadNodeTruth } from "./cases.js";
import { digestOf } from "./images.js";
import { type Lab, startLab } from "./lab.js";
import { labUser } from "./spec.js";
import { standardLab } from "./standard.js";

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

function ask(lab: Lab, method: string, address: string, headers: Record<string, string> = {}): Promise<Answer> {
  const url = new URL(address);
  const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
  const place = lab.connectTo(url.hostname, port);
  assert.ok(place, `the laboratory knows no ${url.host}`);
  const options = {
    method,
    headers: { host: url.host, ...headers },
    host: place.address,
    port: place.port,
    path: `${url.pathname}${url.search}`,
    servername: url.hostname,
    ca: lab.caPem,
    agent: false,
  };
  return new Promise((resolve, reject) => {
    const request = (url.protocol === "https:" ? requestHttps : requestHttp)(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    request.on("error", reject);
    request.end();
  });
}

function codeOf(answer: Answer): string {
  return (JSON.parse(answer.body.toString()) as { errors: { code: string }[] }).errors[0]?.code ?? "";
}

const basic = `Basic ${Buffer.from(`${labUser.username}:${labUser.password}`).toString("base64")}`;

describe("laboratory of registries", () => {
  let lab: Lab;
  before(async () => {
    lab = await startLab(standardLab("ephemeral"));
  });
  after(() => lab.stop());

  it("serves a manifest, its config and a layer that hash to what they say", async () => {
    const head = await ask(lab, "HEAD", "https://ok.test/v2/team/app/manifests/v1");
    const got = await ask(lab, "GET", "https://ok.test/v2/team/app/manifests/v1");
    assert.equal(head.status, 200);
    assert.equal(head.headers["content-length"], String(got.body.length));
    assert.equal(got.headers["docker-content-digest"], digestOf(got.body));
    assert.equal(lab.digestOf("ok.test", "team/app", "v1"), digestOf(got.body));
    const { layers } = JSON.parse(got.body.toString()) as { layers: { digest: string; size: number }[] };
    const [layer] = layers;
    const blob = await ask(lab, "GET", `https://ok.test/v2/team/app/blobs/${layer?.digest}`);
    assert.equal(digestOf(blob.body), layer?.digest);
    assert.equal(blob.body.length, layer?.size);
    const part = await ask(lab, "GET", `https://ok.test/v2/team/app/blobs/${layer?.digest}`, { range: "bytes=10-19" });
    assert.equal(part.status, 206);
    assert.deepEqual(part.body, blob.body.subarray(10, 20));
  });

  const statuses: readonly { name: string; url: string; method?: string; status: number; code?: string }[] = [
    {
      name: "an unknown tag",
      url: "https://ok.test/v2/team/app/manifests/nope",
      status: 404,
      code: "MANIFEST_UNKNOWN",
    },
    { name: "an unknown repository", url: "https://ok.test/v2/team/x/manifests/v1", status: 404, code: "NAME_UNKNOWN" },
    {
      name: "a closed registry",
      url: "https://basic.test/v2/team/app/manifests/v1",
      status: 401,
      code: "UNAUTHORIZED",
    },
    { name: "a limited registry", url: "https://e429.test/v2/", status: 429, code: "TOOMANYREQUESTS" },
    {
      name: "HEAD where only GET works",
      url: "https://head405.test/v2/team/app/manifests/v1",
      method: "HEAD",
      status: 405,
    },
    { name: "a plain HTTP registry", url: "http://httpport.test:5000/v2/solo/manifests/latest", status: 200 },
    { name: "an API below a path", url: "https://sub.test/proxy/v2/solo/manifests/latest", status: 200 },
    { name: "a missing layer", url: "https://ok.test/v2/team/app/blobs/sha256:00", status: 404, code: "BLOB_UNKNOWN" },
  ];
  for (const { name, url, method, status, code } of statuses) {
    it(`answers ${status} for ${name}`, async () => {
      const got = await ask(lab, method ?? "GET", url);
      assert.equal(got.status, status);
      if (code !== undefined) assert.equal(codeOf(got), code);
    });
  }

  it("lets a Bearer token open what the password allows", async () => {
    const url = "https://bearer.test/v2/team/app/manifests/v1";
    const refused = await ask(lab, "HEAD", url);
    assert.match(String(refused.headers["www-authenticate"]), /^Bearer realm="https:\/\/bearer.test\/token"/);
    const realm = "https://bearer.test/token?service=bearer.test&scope=repository:team/app:pull";
    assert.equal((await ask(lab, "GET", realm)).status, 401);
    const given = await ask(lab, "GET", realm, { authorization: basic });
    const { token } = JSON.parse(given.body.toString()) as { token: string };
    const opened = await ask(lab, "HEAD", url, { authorization: `Bearer ${token}` });
    assert.equal(opened.status, 200);
    const seen = lab.requestsOf("bearer.test").map((request) => request.authorization);
    assert.deepEqual(seen, ["none", "none", "basic", "bearer"]);
  });

  it("pages through tags", async () => {
    const first = await ask(lab, "GET", "https://ok.test/v2/team/app/tags/list?n=2");
    assert.deepEqual(JSON.parse(first.body.toString()), { name: "team/app", tags: ["arm64only", "artifact"] });
    assert.equal(first.headers.link, '</v2/team/app/tags/list?n=2&last=artifact>; rel="next"');
  });

  it("sends other bytes than asked for where it shall", async () => {
    const digest = lab.digestOf("wrongmanifest.test", "team/app", "v1");
    const got = await ask(lab, "GET", `https://wrongmanifest.test/v2/team/app/manifests/${digest}`);
    assert.notEqual(digestOf(got.body), digest);
  });

  it("fails the connection for certificates that shall not be trusted, and for a refused port", async () => {
    for (const [host, code] of [
      ["unknown.test", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
      ["self.test", "DEPTH_ZERO_SELF_SIGNED_CERT"],
      ["expired.test", "CERT_HAS_EXPIRED"],
      ["wrongname.test", "ERR_TLS_CERT_ALTNAME_INVALID"],
      ["refused.test", "ECONNREFUSED"],
    ]) {
      await assert.rejects(ask(lab, "GET", `https://${host}/v2/`), { code });
    }
  });

  it("knows no name outside its own", () => {
    assert.equal(lab.connectTo("nosuch-name.test", 443), undefined);
    lab.lookup("nosuch-name.test", {}, (error) => assert.equal(error?.code, "ENOTFOUND"));
  });

  it("gives the node's files with the authority in place", () => {
    const folder = "/etc/containerd/certs.d";
    assert.match(lab.nodeFiles[`${folder}/crtonly.test/ca.crt`] ?? "", /^-----BEGIN CERTIFICATE-----/);
    assert.match(
      lab.nodeFiles[`${folder}/okport.test:8443/hosts.toml`] ?? "",
      /^server = "https:\/\/okport.test:8443"/,
    );
    assert.match(lab.nodeFiles[`${folder}/docker.io/hosts.toml`] ?? "", /hub\.test/);
  });

  it("has a registry for every recorded case", () => {
    const cases = loadNodeTruth();
    assert.equal(cases.length, 75);
    for (const { image } of cases.filter((one) => /^[a-z0-9.-]+\.test/.test(one.image))) {
      const host = image.split("/", 1)[0]?.split(":", 1)[0] ?? "";
      if (host !== "nosuch-name.test") assert.ok(lab.connectTo(host, 443), image);
      assert.doesNotMatch(lab.expand(image), /\{/);
    }
  });
});
