/** Markup that is safe to put into a page as it is. Made by {@link html} alone. */
export class Html {
  readonly #text: string;

  private constructor(text: string) {
    this.#text = text;
  }

  /** Only for texts of this program's own; whatever comes from outside goes through {@link html}. */
  static trusted(text: string): Html {
    return new Html(text);
  }

  toString(): string {
    return this.#text;
  }
}

/** What may stand in a template. Lists are joined; undefined and false show nothing. */
export type HtmlValue = Html | string | number | false | undefined | readonly HtmlValue[];

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

// Controls, directions and invisible characters: they would make a name look like another one, or end a line of text.
const special = /[&<>"'\p{Cc}\p{Cf}\u2028\u2029]/gu;

/**
 * Text as markup, for element content and for attribute values in quotes. Characters that cannot be seen are written out
 * as `\u202e`, so that nobody is shown a name that is none; line ends and tabs become spaces.
 */
export function escapeHtml(text: string): string {
  return text.replace(special, (character) => {
    const entity = entities[character];
    if (entity !== undefined) return entity;
    if (character === "\n" || character === "\t" || character === "\r") return " ";
    return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
  });
}

/**
 * A template whose values are escaped unless they are markup already. Values belong into element content or into quoted
 * attributes, never into tag names, scripts, styles or URLs that others choose.
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let text = strings[0] ?? "";
  for (let index = 0; index < values.length; index += 1) {
    text += shown(values[index]) + (strings[index + 1] ?? "");
  }
  return Html.trusted(text);
}

/** Markup of a value. */
export function shown(value: HtmlValue): string {
  if (value === undefined || value === false) return "";
  if (typeof value === "string") return escapeHtml(value);
  if (typeof value === "number") return String(value);
  if (value instanceof Html) return value.toString();
  let text = "";
  for (const part of value) text += shown(part);
  return text;
}
