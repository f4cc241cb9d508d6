import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import supertest from "supertest";
import { pod, podReview, recordingCheck } from "../admission/doubles.js";
import { appWith, listening, post } from "./doubles.js";

describe("the body of POST /validate", () => {
  const refused: readonly {
    name: string;
    body: string;
    type: string;
    status: number;
    code: string;
    message: RegExp;
  }[] = [
    {
      name: "half a document",
      body: '{"a": "hunter2',
      type: "application/json",
      status: 400,
      code: "ReviewInvalid",
      message: /not valid JSON$/,
    },
    {
      name: "no review",
      body: "{}",
      type: "application/json",
      status: 400,
      code: "ReviewInvalid",
      message: /apiVersion/,
    },
    {
      name: "a bare number",
      body: "7",
      type: "application/json",
      status: 400,
      code: "ReviewInvalid",
      message: /not a JSON object/,
    },
    {
      name: "nothing",
      body: "",
      type: "application/json",
      status: 400,
      code: "ReviewInvalid",
      message: /the body is empty/,
    },
    {
      name: "another content type",
      body: "{}",
      type: "text/plain",
      status: 415,
      code: "UnsupportedMediaType",
      message: /application\/json/,
    },
    {
      name: "another charset",
      body: "{}",
      type: "application/json; charset=utf-9",
      status: 415,
      code: "UnsupportedMediaType",
      message: /UTF-8/,
    },
    {
      name: "more than 3 MiB",
      body: `"${"x".repeat(3 * 1024 * 1024)}"`,
      type: "application/json",
      status: 413,
      code: "BodyTooLarge",
      message: /3145728/,
    },
  ];
  for (const { name, body, type, status, code, message } of refused) {
    it(`refuses ${name} with ${status} in JSON that quotes nothing`, async () => {
      const faults: unknown[] = [];
      const app = appWith(recordingCheck().check, { onFault: (fault) => faults.push(fault) });
      const answer = await supertest(app).post("/validate").set("content-type", type).send(body);
      assert.equal(answer.status, status);
      const { message: said, ...rest } = answer.body;
      assert.match(said, message);
      // A Status, for API servers show people the message of nothing else.
      assert.deepEqual(rest, { kind: "Status", apiVersion: "v1", status: "Failure", reason: code, code: status });
      assert.doesNotMatch(answer.text, /hunter2|node_modules|\.js:/);
      assert.deepEqual(faults, []);
    });
  }

  const raw = [
    {
      name: "a request that has no body at all",
      head: "Content-Type: application/json\r\nConnection: close",
      body: "",
      want: /^HTTP\/1\.1 400 .*the body is empty/s,
    },
    {
      name: "a body that announces too much, before it comes",
      head: "Content-Type: application/json\r\nContent-Length: 4000000\r\nConnection: close",
      body: "",
      want: /^HTTP\/1\.1 413 /,
    },
    {
      name: "a body that never said how large it would be",
      head: "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close",
      body: `400000\r\n"${"x".repeat(0x3f_fffe)}"\r\n`,
      want: /^HTTP\/1\.1 413 /,
    },
    {
      name: "a compressed body",
      head: "Content-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\nConnection: close",
      body: "{}",
      want: /^HTTP\/1\.1 415 /,
    },
  ];
  for (const { name, head, body, want } of raw) {
    it(`refuses ${name}`, () =>
      listening(appWith(recordingCheck().check), async (port) => {
        const socket = connect(port, "127.0.0.1");
        socket.write(`POST /validate HTTP/1.1\r\nHost: x\r\n${head}\r\n\r\n${body}`);
        let text = "";
        // The server may close before it has read all that was sent.
        socket.on("error", () => undefined);
        while (!text.endsWith("}")) {
          const [part] = await once(socket, "data");
          text += String(part);
        }
        socket.destroy();
        assert.match(text, want);
      }));
  }

  it("goes on when a client leaves in the middle of its body", async () => {
    const faults: unknown[] = [];
    const app = appWith(recordingCheck().check, { onFault: (fault) => faults.push(fault) });
    await listening(app, async (port, server) => {
      const arrived = once(server, "request");
      const socket = connect(port, "127.0.0.1");
      socket.write(
        'POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"a":',
      );
      await arrived;
      socket.destroy();
      await once(socket, "close");
      const answer = await fetch(`http://127.0.0.1:${port}/livez`);
      assert.equal(answer.status, 200);
    });
    assert.deepEqual(faults, []);
  });

  it("reads a body that comes in pieces", () =>
    listening(appWith(recordingCheck().check), async (port) => {
      const pieces = [...JSON.stringify(podReview({ uid: "größe" }))].map((letter) => Buffer.from(letter));
      const client = httpRequest({
        port,
        host: "127.0.0.1",
        path: "/validate",
        method: "POST",
        headers: { "content-type": "application/json; charset=UTF-8" },
      });
      const answered = once(client, "response");
      for (const piece of pieces) {
        client.write(piece);
      }
      client.end();
      const [response] = await answered;
      let text = "";
      for await (const part of response) {
        text += String(part);
      }
      assert.equal(JSON.parse(text).response.uid, "größe");
    }));

  it("takes a body of just 3 MiB", async () => {
    const empty = JSON.stringify(podReview({ object: pod("a:1", { annotations: { filler: "" } }) }));
    const filler = "x".repeat(3 * 1024 * 1024 - empty.length);
    const body = JSON.stringify(podReview({ object: pod("a:1", { annotations: { filler } }) }));
    const { status } = await post(appWith(recordingCheck().check), body);
    assert.equal(body.length, 3 * 1024 * 1024);
    assert.equal(status, 200);
  });

  it("takes ten thousand containers", async () => {
    const { check, inputs } = recordingCheck();
    const images = Array.from({ length: 10_000 }, (_, position) => `registry.example.com/app-${position}:1`);
    const { status, body } = await post(appWith(check), podReview({ object: pod(images) }));
    assert.equal(status, 200);
    assert.equal(body.response.allowed, true);
    assert.equal(inputs[0]?.workloads[0]?.pod.images.length, 10_000);
  });

  it("takes an object nested a hundred thousand levels deep", async () => {
    const depth = 100_000;
    const deep = JSON.stringify(podReview()).replace(
      '"metadata":{',
      `"x":${"[".repeat(depth)}${"]".repeat(depth)},"metadata":{`,
    );
    const { status, body } = await post(appWith(recordingCheck().check), deep);
    assert.equal(status, 200);
    assert.deepEqual(body.response, { uid: "uid-1", allowed: true });
  });
});
