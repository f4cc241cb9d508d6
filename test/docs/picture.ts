/** Colours of a terminal. */
interface Palette {
  readonly paper: string;
  readonly frame: string;
  readonly bar: string;
  readonly ink: string;
  readonly faint: string;
  readonly prompt: string;
  readonly warning: string;
  readonly error: string;
  readonly fix: string;
}

/** Each ink has a contrast of 4.5 or more on its paper. */
export const palettes: Readonly<Record<"light" | "dark", Palette>> = {
  light: {
    ...{ paper: "#ffffff", frame: "#d0d7de", bar: "#f6f8fa", ink: "#1f2328", faint: "#59636e" },
    ...{ prompt: "#0969da", warning: "#7d4e00", error: "#b31d28", fix: "#116329" },
  },
  dark: {
    ...{ paper: "#0d1117", frame: "#30363d", bar: "#161b22", ink: "#e6edf3", faint: "#9198a1" },
    ...{ prompt: "#79c0ff", warning: "#e3b341", error: "#ff7b72", fix: "#7ee787" },
  },
};

const columns = 96;
const font = { size: 14, width: 8.43, height: 21 };
const margin = 20;
const barHeight = 34;

/** A section of docs/kubectl.md: its title, and what stands in the terminal. */
export interface Scene {
  readonly title: string;
  readonly lines: readonly string[];
}

/** What the page shows under a heading. @throws Error where there is no such heading with a terminal */
export function sceneOf(page: string, title: string): Scene {
  const section = page.split(/^## /m).find((each) => each.startsWith(`${title}\n`));
  const lines = /^```console\n([\s\S]*?)\n```/m.exec(section ?? "")?.[1]?.split("\n");
  if (lines === undefined) throw new Error(`the page has no terminal under ${title}`);
  return { title, lines };
}

/** Scenes one below the other in a terminal, as SVG with nothing but text and rectangles. */
export function pictureOf(scenes: readonly Scene[], palette: Palette): string {
  const rows = scenes.flatMap(({ title, lines }, index) => [
    ...(index === 0 ? [] : [{ text: "", colour: palette.ink }]),
    { text: `# ${title}`, colour: palette.faint },
    ...lines.flatMap((line) => wrapped(line).map((text) => ({ text, colour: colourOf(line, palette) }))),
  ]);
  const width = Math.ceil(columns * font.width + 2 * margin);
  const height = barHeight + rows.length * font.height + 2 * margin - 6;
  const words = scenes.map(({ title, lines }) => `${title}: ${lines.join(" ")}`).join(". ");
  const dots = [0, 1, 2].map(
    (nth) => `<circle cx="${margin + nth * 18}" cy="${barHeight / 2}" r="5.5" fill="${palette.frame}"/>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escaped(words)}</title>`,
    `<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8" fill="${palette.paper}" stroke="${palette.frame}"/>`,
    `<path d="M0.5 ${barHeight}V8.5a8 8 0 0 1 8-8H${width - 8.5}a8 8 0 0 1 8 8V${barHeight}Z" fill="${palette.bar}" stroke="${palette.frame}"/>`,
    ...dots,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${font.size}">`,
    ...rows.map(({ text, colour }, index) => {
      const y = barHeight + margin + 8 + index * font.height;
      const word = text.trimStart();
      const x = (margin + (text.length - word.length) * font.width).toFixed(2);
      // As long as the font that it was drawn for would make it, so that nothing is cut whatever font a reader has.
      const length = word === "" ? "" : ` textLength="${(word.length * font.width).toFixed(2)}"`;
      return `<text x="${x}" y="${y}" fill="${colour}"${length}>${escaped(word)}</text>`;
    }),
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

function colourOf(line: string, palette: Palette): string {
  if (line.startsWith("$ ")) return palette.prompt;
  if (line.startsWith("Warning: ")) return palette.warning;
  if (line.startsWith("Error ")) return palette.error;
  return line.startsWith("  fix: ") ? palette.fix : palette.ink;
}

/** As a terminal of that width wraps: at words, the rest indented. */
function wrapped(line: string): readonly string[] {
  const rows: string[] = [];
  let rest = line;
  while (rest.length > columns) {
    const space = rest.lastIndexOf(" ", columns);
    const end = space > 4 ? space : columns;
    rows.push(rest.slice(0, end));
    rest = `    ${rest.slice(end).trimStart()}`;
  }
  return [...rows, rest];
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
