const limit = 200;

/**
 * Text that a registry chose, fit for a message: one line, no control or direction characters, at most 200 characters.
 */
export function foreignText(text: string): string {
  const oneLine = text
    .slice(0, 4 * limit)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, " ")
    .trim();
  const characters = [...oneLine];
  return characters.length > limit ? `${characters.slice(0, limit - 1).join("")}…` : oneLine;
}

/**
 * An address for messages. User and password are never shown; the query only where we wrote it ourselves, because
 * redirect targets and realms carry signatures and tokens there.
 */
export function shownUrl(url: URL, ownQuery: boolean): string {
  return foreignText(`${url.protocol}//${url.host}${url.pathname}${ownQuery ? url.search : ""}`);
}
