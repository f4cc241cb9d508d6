import assert from "node:assert/strict";
import { renderText } from "../../src/cli/render-text.js";
import { finding, missing, reportOf } from "./findings.js";

const plain = { colour: false, width: 80 };

describe("the text report", () => {
  it("groups findings by workload, tells cause, message, fix and places, and counts", () => {
    const findings = [
      finding(),
      missing({ fieldPaths: ["spec.template.spec.containers[1].image", "spec.template.spec.initContainers[0].image"] }),
      finding({
        workload: { apiVersion: "v1", kind: "Pod", namespace: "shop", name: "" },
        fieldPaths: ["spec.containers[0].image"],
      }),
    ];
    assert.equal(
      renderText(reportOf(findings), plain),
      [
        "Deployment shop/web",
        "  ✔ nginx:1.27",
        "    at spec.template.spec.containers[0].image",
        "  ✘ registry.example.com/app:nope  TagNotFound, ErrImagePull",
        "    registry.example.com has no manifest for app:nope",
        "    Fix: Push the tag, or correct it.",
        "    at spec.template.spec.containers[1].image",
        "    at spec.template.spec.initContainers[0].image",
        "",
        "Pod shop/(no name)",
        "  ✔ nginx:1.27",
        "    at spec.containers[0].image",
        "",
        "3 images: 2 pullable, 1 unpullable",
        "",
      ].join("\n"),
    );
  });

  it("shows images given as arguments without their places", () => {
    const workload = { apiVersion: "", kind: "", namespace: "default", name: "" };
    const text = renderText(reportOf([finding({ workload, fieldPaths: ["args[0]"] })]), plain);
    assert.equal(text, "Images (namespace default)\n  ✔ nginx:1.27\n\n1 image: 1 pullable\n");
  });

  it("counts nothing where there is nothing", () => {
    assert.equal(renderText(reportOf([]), plain), "0 images\n");
  });

  it("breaks long messages between words and leaves long words whole", () => {
    const url = `https://registry.example.com/${"x".repeat(90)}`;
    const text = renderText(
      reportOf([missing({ message: `${"word ".repeat(30)}${url} end`, fix: "mend ".repeat(30) })]),
      plain,
    );
    const tooLong = text.split("\n").filter((line) => line.length > 80);
    assert.deepEqual(tooLong, [`    ${url}`]);
    assert.ok(text.includes("\n         mend"), "the fix is indented below its first word");
  });

  it("colours only when told to", () => {
    const report = reportOf([missing()]);
    assert.ok(renderText(report, { ...plain, colour: true }).includes("\u001b[31m✘"));
    assert.ok(!renderText(report, plain).includes("\u001b"));
  });

  it("never passes on what a terminal would act upon", () => {
    const evil = "\u001b[2Jx\u202e\u0007";
    const text = renderText(
      reportOf([
        missing({
          image: evil,
          message: evil,
          fix: evil,
          fieldPaths: [evil],
          workload: { apiVersion: evil, kind: evil, namespace: evil, name: evil },
        }),
      ]),
      plain,
    );
    assert.doesNotMatch(text, /[^\P{Cc}\n]|\p{Cf}/u);
    assert.ok(text.includes("\\u{1b}[2Jx\\u{202e}\\u{7}"));
  });
});
