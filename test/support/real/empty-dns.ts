import { createSocket } from "node:dgram";

/** A name server for which no name exists; a runtime under test asks it for whatever is not in its hosts file. */
export interface EmptyDns {
  readonly address: string;
  stop(): Promise<void>;
}

/** Turns a query into "no such name". Source: RFC 1035, section 4.1.1. */
function noSuchName(query: Buffer): Buffer {
  const answer = Buffer.from(query);
  answer.writeUInt16BE(0x8403, 2);
  return answer;
}

/** Starts the name server on port 53 of a loopback address (needs root). */
export async function startEmptyDns(address = "127.0.77.253"): Promise<EmptyDns> {
  const socket = createSocket("udp4");
  socket.on("message", (query, from) => {
    if (query.length >= 12) socket.send(noSuchName(query), from.port, from.address);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(53, address, resolve);
  });
  return { address, stop: () => new Promise((resolve) => socket.close(() => resolve())) };
}
