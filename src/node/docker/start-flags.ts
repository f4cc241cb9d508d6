import type { FactOrigin, NodeFiles } from "../types.js";

/** Options that dockerd may be started with besides daemon.json, found where distributions put them. */
export interface StartFlags {
  readonly insecureRegistries: readonly string[];
  readonly origin: FactOrigin;
}

const plainFiles: readonly string[] = [
  "/etc/systemd/system/docker.service",
  "/usr/lib/systemd/system/docker.service",
  "/lib/systemd/system/docker.service",
  "/etc/default/docker",
  "/etc/sysconfig/docker",
];
const dropIns: readonly string[] = ["/etc/systemd/system/docker.service.d", "/run/systemd/system/docker.service.d"];

/**
 * `--insecure-registry` on a command line or in the variables that one is made of. Which of the files is in force is not
 * settled here: whatever is found may be.
 */
export function readStartFlags(files: NodeFiles): readonly StartFlags[] {
  const places = [
    ...plainFiles,
    ...dropIns.flatMap((folder) =>
      (files.list(folder) ?? []).filter((name) => name.endsWith(".conf")).map((name) => `${folder}/${name}`),
    ),
  ];
  return places.flatMap((file) => {
    const reading = files.read(file);
    return reading.kind === "text" ? flagsIn(reading.text, file) : [];
  });
}

function flagsIn(text: string, file: string): readonly StartFlags[] {
  return text.split("\n").flatMap((line, index) => {
    if (/^\s*[#;]/.test(line)) return [];
    const values = [...line.matchAll(/--insecure-registry(?:=|\s+)["']?([^\s"'\\]+)/g)].flatMap(([, value = ""]) =>
      value.split(","),
    );
    return values.length === 0 ? [] : [{ insecureRegistries: values, origin: { file, line: index + 1 } }];
  });
}
