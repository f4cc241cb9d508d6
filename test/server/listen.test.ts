import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { Agent, request } from "node:https";
import { connect, type PeerCertificate, type TLSSocket } from "node:tls";
import { makeServingCertificates, type ServingCertificates } from "../../src/certs/index.js";
import {
  type CertificateSource,
  type ServedPair,
  type StartTimer,
  startPlainServer,
  startServer,
} from "../../src/server/index.js";
import { realClock } from "../admission/doubles.js";

const host = "127.0.0.1";
const startTimer: StartTimer = (delayMs, run) => {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
};
const hello: RequestListener = (_req, res) => res.end("hello");

/** A source whose pair the test swaps. */
function sourceOf(
  first: ServedPair,
): CertificateSource & { readonly swap: (pair: ServedPair) => void; readonly listeners: Set<unknown> } {
  const listeners = new Set<(pair: ServedPair) => void>();
  return {
    listeners,
    current: () => first,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    swap: (pair) => {
      for (const listener of listeners) {
        listener(pair);
      }
    },
  };
}

interface Reply {
  readonly text: string;
  readonly fingerprint: string;
}

function get(port: number, caPem: string, agent = new Agent()): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const req = request({ host, port, ca: caPem, agent }, (res) => {
      const peer: PeerCertificate = (res.socket as TLSSocket).getPeerCertificate();
      let text = "";
      res.setEncoding("utf8");
      res.on("data", (part: string) => {
        text += part;
      });
      res.on("end", () => resolve({ text, fingerprint: peer.fingerprint256 }));
    });
    req.on("error", reject);
    req.end();
  });
}

describe("startServer", () => {
  let first: ServingCertificates;
  let second: ServingCertificates;
  before(async () => {
    const order = { names: [host], days: 1, clock: realClock };
    first = await makeServingCertificates(order);
    second = await makeServingCertificates(order);
  });

  it("serves a certificate that Node accepts with its CA alone", async () => {
    const server = await startServer({ certificates: sourceOf(first), startTimer }, { app: hello, host, port: 0 });
    assert.equal((await get(server.port, first.caPem)).text, "hello");
    await assert.rejects(get(server.port, second.caPem));
    await server.close(1_000);
  });

  it("serves a new pair to new connections and forgets the source when closed", async () => {
    const certificates = sourceOf(first);
    const server = await startServer({ certificates, startTimer }, { app: hello, host, port: 0 });
    const before = await get(server.port, first.caPem);
    certificates.swap(second);
    const after = await get(server.port, second.caPem);
    assert.notEqual(before.fingerprint, after.fingerprint);
    await server.close(1_000);
    assert.equal(certificates.listeners.size, 0);
  });

  for (const maxVersion of ["TLSv1.1", "TLSv1.2"] as const) {
    it(`${maxVersion === "TLSv1.1" ? "refuses" : "speaks"} ${maxVersion}, also after a reload`, async () => {
      const certificates = sourceOf(first);
      const server = await startServer({ certificates, startTimer }, { app: hello, host, port: 0 });
      certificates.swap(second);
      const outcome = await new Promise<string>((resolve) => {
        const socket = connect(
          { host, port: server.port, ca: second.caPem, minVersion: "TLSv1", maxVersion, ciphers: "DEFAULT@SECLEVEL=0" },
          () => resolve(socket.getProtocol() ?? "none"),
        );
        socket.on("secureConnect", () => socket.end());
        socket.on("error", () => resolve("refused"));
      });
      assert.equal(outcome, maxVersion === "TLSv1.1" ? "refused" : "TLSv1.2");
      await server.close(1_000);
    });
  }

  it("finishes what is in flight before it is closed, kept-alive connections included", async () => {
    let answer: () => void = () => undefined;
    let arrived: () => void = () => undefined;
    const hasArrived = new Promise<void>((resolve) => (arrived = resolve));
    const slow: RequestListener = (_req, res) => {
      answer = () => res.end("late");
      arrived();
    };
    const endless: StartTimer = () => () => undefined;
    const certificates = sourceOf(first);
    const server = await startServer({ certificates, startTimer: endless }, { app: slow, host, port: 0 });
    const agent = new Agent({ keepAlive: true });
    const reply = get(server.port, first.caPem, agent);
    await hasArrived;
    const order: string[] = [];
    const closed = server.close(10_000).then(() => order.push("closed"));
    await assert.rejects(get(server.port, first.caPem));
    answer();
    assert.equal((await reply).text, "late");
    order.push("answered");
    await closed;
    assert.deepEqual(order, ["answered", "closed"]);
    agent.destroy();
  });

  it("cuts connections that outlast its patience", async () => {
    let cut: () => void = () => undefined;
    const byHand: StartTimer = (_delayMs, run) => {
      cut = run;
      return () => undefined;
    };
    let arrived: () => void = () => undefined;
    const hasArrived = new Promise<void>((resolve) => (arrived = resolve));
    const server = await startServer(
      { certificates: sourceOf(first), startTimer: byHand },
      { app: () => arrived(), host, port: 0 },
    );
    const reply = assert.rejects(get(server.port, first.caPem));
    await hasArrived;
    const closed = server.close(1);
    cut();
    await closed;
    await reply;
  });

  it("rejects when the port is taken and forgets the source", async () => {
    const certificates = sourceOf(first);
    const plain = await startPlainServer({ startTimer }, { app: hello, host, port: 0 });
    await assert.rejects(startServer({ certificates, startTimer }, { app: hello, host, port: plain.port }), {
      code: "EADDRINUSE",
    });
    assert.equal(certificates.listeners.size, 0);
    await plain.close(1_000);
  });
});
