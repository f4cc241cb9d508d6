import assert from "node:assert/strict";
import { inspect } from "node:util";

/** Credentials that nothing may show, in every spelling in which they travel or could be printed. */
export interface LeakWatch {
  /** Keeps something that came out, or what an inspector would see of an object. */
  saw(where: string, what: unknown): void;
  /** Another secret, such as a token that was handed out meanwhile. */
  add(name: string, secret: string): void;
  /** What of the secrets is in a text. */
  leaksIn(text: string): readonly string[];
  /** Fails with the places that show a secret, and what they show. */
  assertNone(): void;
  /** All that was seen of one place, to make sure that it was looked at. */
  textOf(where: string): string;
}

/** Watches for these users' passwords. */
export function watchFor(users: readonly { readonly username: string; readonly password: string }[]): LeakWatch {
  const seen: { readonly where: string; readonly text: string }[] = [];
  const secrets: { readonly name: string; readonly secret: string }[] = [];
  const add = (name: string, secret: string): void => void secrets.push({ name, secret });
  for (const { username, password } of users) {
    add(`the password of ${username}`, password);
    add(`the encoded password of ${username}`, encodeURIComponent(password));
    add(`the form-encoded password of ${username}`, new URLSearchParams({ p: password }).toString().slice(2));
    add(`the base64 password of ${username}`, Buffer.from(password).toString("base64").replace(/=+$/, ""));
    const pair = Buffer.from(`${username}:${password}`);
    add(`the base64 pair of ${username}`, pair.toString("base64").replace(/=+$/, ""));
    add(`the base64url pair of ${username}`, pair.toString("base64url"));
    add(`the hex password of ${username}`, Buffer.from(password).toString("hex"));
  }
  const leaksIn = (text: string): readonly string[] => {
    const names = secrets.filter(({ secret }) => text.includes(secret)).map(({ name }) => name);
    const header = /authorization["']?\s*:\s*\[?\s*["']?(basic|bearer) [^\s"']/i.test(text);
    return header ? [...names, "an Authorization header"] : names;
  };
  return {
    saw: (where, what) => {
      seen.push({ where, text: typeof what === "string" ? what : textsOf(what) });
    },
    add,
    leaksIn,
    assertNone: () => {
      const leaks = seen.flatMap(({ where, text }) => leaksIn(text).map((leak) => `${where} shows ${leak}`));
      assert.deepEqual([...new Set(leaks)], []);
    },
    textOf: (where) =>
      seen
        .filter((one) => one.where === where)
        .map(({ text }) => text)
        .join("\n"),
  };
}

/** An object as consoles, debuggers and JSON would show it, hidden properties and causes of errors included. */
function textsOf(value: unknown): string {
  const inspected = inspect(value, { depth: null, showHidden: true, maxArrayLength: null, maxStringLength: null });
  const shallow = inspect(value);
  try {
    return `${inspected}\n${shallow}\n${String(value)}\n${JSON.stringify(value)}`;
  } catch {
    return `${inspected}\n${shallow}`;
  }
}
