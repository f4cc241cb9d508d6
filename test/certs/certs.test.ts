import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  loadServingPair,
  makeServingCertificates,
  type ReloadOutcome,
  watchServingPair,
  writeServingCertificates,
} from "../../src/certs/index.js";
import { PullguardError } from "../../src/core/index.js";
import { handClock, realClock } from "../admission/doubles.js";

const names = ["pullguard.pullguard-system.svc", "pullguard.pullguard-system.svc.cluster.local", "127.0.0.1"];
const order = { names, days: 30, clock: realClock };

function coded(code: string, message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof PullguardError);
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  };
}

describe("certs", () => {
  let directory = "";
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "pullguard-certs-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  for (const keyType of ["ec", "rsa"] as const) {
    it(`makes a chain with ${keyType} keys that OpenSSL verifies for every name`, async function () {
      const { files } = await writeServingCertificates(
        directory,
        await makeServingCertificates({ ...order, keyType }),
        false,
      );
      const [ca = "", certificate = ""] = files;
      try {
        execFileSync("openssl", ["version"]);
      } catch {
        this.skip();
      }
      const verify = ["verify", "-CAfile", ca, "-purpose", "sslserver"];
      for (const name of names) {
        const flag = name === "127.0.0.1" ? "-verify_ip" : "-verify_hostname";
        assert.match(execFileSync("openssl", [...verify, flag, name, certificate], { encoding: "utf8" }), /: OK/);
      }
      assert.throws(() =>
        execFileSync("openssl", [...verify, "-verify_hostname", "other.svc", certificate], { stdio: "pipe" }),
      );
    });
  }

  it("gives CA and leaf distinct serials, a short life and the right purposes", async () => {
    const made = await makeServingCertificates(order);
    const ca = new X509Certificate(made.caPem);
    const leaf = new X509Certificate(made.certificatePem);
    assert.equal(ca.ca, true);
    assert.equal(leaf.ca, false);
    assert.notEqual(ca.serialNumber, leaf.serialNumber);
    assert.equal(leaf.verify(ca.publicKey), true);
    assert.equal(ca.checkPrivateKey(createPrivateKey(made.keyPem.reveal())), false);
    assert.deepEqual(leaf.keyUsage, ["1.3.6.1.5.5.7.3.1"]);
    assert.equal(
      leaf.subjectAltName,
      "DNS:pullguard.pullguard-system.svc, DNS:pullguard.pullguard-system.svc.cluster.local, IP Address:127.0.0.1",
    );
    const lifeDays = (Date.parse(leaf.validTo) - realClock.nowMs()) / 86_400_000;
    assert.ok(lifeDays > 29.9 && lifeDays <= 30);
    assert.equal(Buffer.from(made.caBundle, "base64").toString(), made.caPem);
  });

  it("names each CA anew, so that two bundles can stand side by side", async () => {
    const subjects = await Promise.all(
      [1, 2].map(async () => new X509Certificate((await makeServingCertificates(order)).caPem).subject),
    );
    assert.notEqual(subjects[0], subjects[1]);
  });

  const impossible = [
    { name: "no name", given: { ...order, names: [] }, want: /at least one name/ },
    { name: "a name with a blank", given: { ...order, names: ["a b"] }, want: /"a b" is neither/ },
    { name: "a name with a slash", given: { ...order, names: ["a/b"] }, want: /neither/ },
    { name: "a bare asterisk", given: { ...order, names: ["*"] }, want: /neither/ },
    { name: "no days", given: { ...order, days: 0 }, want: /1 to 3650 whole days, not 0/ },
    { name: "half a day", given: { ...order, days: 0.5 }, want: /whole days/ },
    { name: "too many days", given: { ...order, days: 3_651 }, want: /whole days/ },
  ];
  for (const { name, given, want } of impossible) {
    it(`makes no certificate for ${name}`, () =>
      assert.rejects(makeServingCertificates(given), coded("InputInvalid", want)));
  }

  it("keeps the key to the owner and loads what it wrote", async () => {
    const folder = join(directory, "deep", "er");
    const made = await makeServingCertificates(order);
    const { caBundle } = await writeServingCertificates(folder, made, false);
    assert.equal(caBundle, made.caBundle);
    assert.equal((await stat(join(folder, "tls.key"))).mode & 0o777, 0o600);
    const pair = await loadServingPair(folder, realClock);
    assert.equal(pair.certificatePem, made.certificatePem);
    assert.equal(pair.fingerprint256, new X509Certificate(made.certificatePem).fingerprint256);
    assert.equal(JSON.stringify(pair).includes("PRIVATE"), false);
  });

  it("touches nothing when one of the files exists, unless forced", async () => {
    const made = await makeServingCertificates(order);
    const key = join(directory, "tls.key");
    await writeFile(key, "mine", { mode: 0o644 });
    await assert.rejects(
      writeServingCertificates(directory, made, false),
      coded("InputInvalid", /tls\.key exists already/),
    );
    assert.equal(await readFile(key, "utf8"), "mine");
    await assert.rejects(stat(join(directory, "ca.crt")));
    await writeServingCertificates(directory, made, true);
    assert.equal(await readFile(key, "utf8"), made.keyPem.reveal());
    assert.equal((await stat(key)).mode & 0o777, 0o600);
  });

  it("says which folder cannot be written", async () => {
    const file = join(directory, "file");
    await writeFile(file, "");
    await assert.rejects(
      writeServingCertificates(join(file, "sub"), await makeServingCertificates(order), false),
      coded("CertificateInvalid", /file\/sub cannot be written: ENOTDIR/),
    );
  });

  it("names the file and the reason for every pair that cannot be served", async () => {
    const path = (name: string): string => join(directory, name);
    await assert.rejects(
      loadServingPair(directory, realClock),
      coded("CertificateInvalid", /tls\.crt cannot be read: ENOENT/),
    );
    await writeServingCertificates(directory, await makeServingCertificates(order), false);
    const late = { nowMs: () => Date.now() + 31 * 86_400_000 };
    await assert.rejects(loadServingPair(directory, late), coded("CertificateInvalid", /tls\.crt expired at 20/));
    await assert.rejects(
      loadServingPair(directory, { nowMs: () => 0 }),
      coded("CertificateInvalid", /tls\.crt is not valid before 20/),
    );
    const other = await makeServingCertificates(order);
    await writeFile(path("tls.key"), other.keyPem.reveal());
    await assert.rejects(
      loadServingPair(directory, realClock),
      coded("CertificateInvalid", /tls\.key is not the key of .*tls\.crt/),
    );
    await writeFile(path("tls.key"), "not a key");
    await assert.rejects(
      loadServingPair(directory, realClock),
      coded("CertificateInvalid", /tls\.key holds no PEM private key/),
    );
    await writeFile(path("tls.crt"), "not a certificate");
    await assert.rejects(
      loadServingPair(directory, realClock),
      coded("CertificateInvalid", /tls\.crt holds no PEM certificate/),
    );
  });

  it("follows the files and keeps the last good pair", async () => {
    await writeServingCertificates(directory, await makeServingCertificates(order), false);
    const clock = { ...handClock(), nowMs: realClock.nowMs };
    const outcomes: ReloadOutcome[] = [];
    let heard: () => void = () => undefined;
    const onReload = (outcome: ReloadOutcome): void => {
      outcomes.push(outcome);
      heard();
    };
    const next = async (): Promise<ReloadOutcome | undefined> => {
      const told = new Promise<void>((resolve) => (heard = resolve));
      clock.wake();
      await told;
      // The watch goes back to sleep right after it has told.
      await new Promise((resolve) => setImmediate(resolve));
      return outcomes.at(-1);
    };
    const watched = await watchServingPair({ directory, intervalMs: 1, clock, onReload });
    const served: string[] = [];
    const forget = watched.onChange((pair) => served.push(pair.fingerprint256));

    const second = await makeServingCertificates(order);
    await writeServingCertificates(directory, second, true);
    assert.equal((await next())?.kind, "reloaded");
    assert.equal(watched.current().certificatePem, second.certificatePem);
    assert.deepEqual(served, [watched.current().fingerprint256]);

    await writeFile(join(directory, "tls.crt"), "broken");
    assert.equal((await next())?.kind, "kept");
    assert.equal(watched.current().certificatePem, second.certificatePem);

    forget();
    const third = await makeServingCertificates(order);
    await writeServingCertificates(directory, third, true);
    assert.equal((await next())?.kind, "reloaded");
    assert.equal(watched.current().certificatePem, third.certificatePem);
    assert.equal(served.length, 1);
    watched.stop();
    assert.equal(clock.sleeping(), 0);
  });
});
