import assert from "node:assert/strict";
import { ArchiveWalk } from "../../src/verification/archive-walk.js";
import { type TarEntry, tarOf } from "../support/lab/index.js";

type Change = (tar: Buffer) => Buffer;

/** Writes a header's field and puts its checksum right. */
function rewrite(block: number, at: number, text: string): Change {
  return (tar) => {
    const copy = Buffer.from(tar);
    const header = copy.subarray(block * 512, block * 512 + 512);
    header.write(text, at, "latin1");
    header.write(" ".repeat(8), 148);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return copy;
  };
}

const file = (name: string, size = 10): TarEntry => ({ name, body: Buffer.alloc(size, "x") });
const typed = (name: string, type: string, body: Buffer | null = Buffer.alloc(0)): Buffer =>
  rewrite(0, 156, type)(tarOf([{ name, body }])).subarray(0, -1024);
const special = (type: string, text: string): Buffer => typed("meta", type, Buffer.from(text, "latin1"));
/** A PAX header of one record, which begins with its own length. */
function pax(record: string): Buffer {
  const length = record.length + 3 > 9 ? record.length + 4 : record.length + 3;
  return special("x", `${length} ${record}\n`);
}
const end = Buffer.alloc(1024);

function walked(tar: Uint8Array, pieces = 100_000, refusesEmptyWhiteouts = true) {
  const walk = new ArchiveWalk({ refusesEmptyWhiteouts });
  for (let at = 0; at < tar.byteLength; at += pieces) walk.push(tar.subarray(at, at + pieces));
  return walk.end();
}

const invalid = "archive/tar: invalid tar header";
const table: readonly { readonly name: string; readonly tar: Buffer; readonly fault?: string }[] = [
  { name: "files and folders", tar: tarOf([{ name: "etc/", body: null }, file("etc/a"), file("etc/b", 512)]) },
  { name: "nothing at all", tar: Buffer.alloc(0) },
  { name: "no empty blocks at the end", tar: tarOf([file("a")]).subarray(0, -1024) },
  { name: "one empty block at the end", tar: tarOf([file("a")]).subarray(0, -512) },
  { name: "noise behind the end", tar: Buffer.concat([tarOf([file("a")]), Buffer.from("noise")]) },
  { name: "a file without its padding", tar: tarOf([file("a")]).subarray(0, 512 + 10) },
  { name: "a file that is cut", tar: tarOf([file("a", 700)]).subarray(0, 900), fault: "unexpected EOF" },
  { name: "a header that is cut", tar: tarOf([file("a")]).subarray(0, 100), fault: "unexpected EOF" },
  { name: "a wrong checksum", tar: Buffer.concat([Buffer.from("z"), tarOf([file("a")]).subarray(1)]), fault: invalid },
  { name: "text", tar: Buffer.from("this is no archive\n".repeat(50)), fault: invalid },
  {
    name: "an entry after one empty block",
    tar: Buffer.concat([Buffer.alloc(512), tarOf([file("a")])]),
    fault: invalid,
  },
  { name: "a size that is no number", tar: rewrite(0, 124, "9zzzzzzzzzz")(tarOf([file("a")])), fault: invalid },
  { name: "a mode that is no number", tar: rewrite(0, 100, "whatever")(tarOf([file("a")])), fault: invalid },
  { name: "a size in base 256", tar: rewrite(0, 124, `\x80${"\0".repeat(10)}\n`)(tarOf([file("a")])) },
  { name: "a negative size", tar: rewrite(0, 124, "\xff".repeat(12))(tarOf([file("a")])), fault: invalid },
  { name: "a type that nobody knows", tar: typed("a", "Z"), fault: "unhandled tar header type 90" },
  { name: "GNU's old sparse files", tar: typed("a", "S"), fault: "unhandled tar header type 83" },
  { name: "a device, a pipe and links", tar: Buffer.concat([..."3461"].map((type) => typed("a", type))) },
  { name: "a symlink", tar: rewrite(0, 157, "../../outside")(typed("a/b", "2")) },
  { name: "a symlink to nothing", tar: typed("a", "2"), fault: "symlink without a target" },
  { name: "a whiteout of any type", tar: typed("etc/.wh.gone", "Z") },
  { name: "an opaque folder", tar: tarOf([file("etc/.wh..wh..opq", 0)]) },
  { name: "a whiteout of nothing", tar: tarOf([file("etc/.wh.", 0)]), fault: "invalid whiteout name" },
  { name: "a name that is too long", tar: tarOf([file("x".repeat(99))]) },
  {
    name: "a long name of GNU",
    tar: Buffer.concat([special("L", `${"d/".repeat(100)}f\0`), tarOf([file("short")])]),
  },
  {
    name: "a longer name than files may have",
    tar: Buffer.concat([special("L", `${"n".repeat(256)}\0`), tarOf([file("short")])]),
    fault: "file name too long",
  },
  { name: "a path of PAX", tar: Buffer.concat([pax("path=some/where"), tarOf([file("a")])]) },
  { name: "a size of PAX", tar: Buffer.concat([pax("size=10"), rewrite(0, 124, "00000000000\0")(tarOf([file("a")]))]) },
  {
    name: "a record of PAX that is cut",
    tar: Buffer.concat([special("x", "30 path=a\n"), tarOf([file("a")])]),
    fault: invalid,
  },
  { name: "a record of PAX without a value", tar: Buffer.concat([special("x", "8 path\n\n"), end]), fault: invalid },
  { name: "a time of PAX that is none", tar: Buffer.concat([pax("mtime=noon"), tarOf([file("a")])]), fault: invalid },
  { name: "a global header of PAX", tar: Buffer.concat([special("g", "15 comment=abc\n"), tarOf([file("a")])]) },
];

describe("the walk through an archive", () => {
  for (const { name, tar, fault } of table) {
    it(`meets ${name}${fault === undefined ? "" : `: ${fault}`}`, () => {
      assert.equal(walked(tar).fault, fault);
      assert.equal(walked(tar, 7).fault, fault, "in small pieces");
    });
  }

  for (const name of ["../../etc/passwd", "a/../../b", ".."]) {
    it(`tells of ${name}`, () => assert.deepEqual(walked(tarOf([file(name)])), { escapingName: name }));
  }

  for (const name of ["/etc/passwd", "./a/../b", "a..b/c"]) {
    it(`takes ${name} for a name inside`, () => assert.deepEqual(walked(tarOf([file(name)])), {}));
  }

  it("passes over whiteouts of nothing where the runtime does", () => {
    assert.deepEqual(walked(tarOf([file("etc/.wh.", 0)]), 100_000, false), {});
  });
});
