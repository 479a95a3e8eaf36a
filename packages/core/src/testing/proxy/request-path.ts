// The longest request line looked at; LiveKit's tokens are in it when they come in the query.
const MAX_LINE_BYTES = 16 * 1024;
const REQUEST = /^[A-Z]+ +([^ ?]+)/;
const BEGINS_LIKE_A_REQUEST = /^[A-Z]{1,20}( |$)/;

/**
 * The path of the HTTP request these bytes begin with; `undefined` while it cannot be told yet, `null`
 * when they are no HTTP request.
 */
export function requestPath(bytes: Buffer): string | null | undefined {
  const text = bytes.toString('latin1', 0, MAX_LINE_BYTES);
  const end = text.indexOf('\r\n');
  if (end < 0) {
    const canBe = BEGINS_LIKE_A_REQUEST.test(text) && bytes.length < MAX_LINE_BYTES;
    return canBe || bytes.length === 0 ? undefined : null;
  }
  const path = REQUEST.exec(text.slice(0, end))?.[1];
  // A doubled slash is what a base URL with one at its end makes of a path.
  return path?.replace(/^\/\//, '/') ?? null;
}

/** True when `path` is `prefix` or below it. */
export function isUnder(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`);
}
