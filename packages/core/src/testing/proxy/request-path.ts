// The longest accepted request line. It contains LiveKit's token if that is in the query.
const MAX_LINE_BYTES = 16 * 1024;
const REQUEST = /^[A-Z]+ +([^ ?]+)/;
const BEGINS_LIKE_A_REQUEST = /^[A-Z]{1,20}( |$)/;

/**
 * The path of the HTTP request at the start of the bytes. `undefined`: more bytes are needed; `null`: they are not an
 * HTTP request.
 */
export function requestPath(bytes: Buffer): string | null | undefined {
  const text = bytes.toString('latin1', 0, MAX_LINE_BYTES);
  const end = text.indexOf('\r\n');
  if (end < 0) {
    const canBe = BEGINS_LIKE_A_REQUEST.test(text) && bytes.length < MAX_LINE_BYTES;
    return canBe || bytes.length === 0 ? undefined : null;
  }
  const path = REQUEST.exec(text.slice(0, end))?.[1];
  // A base URL with a slash at its end leads to a doubled slash.
  return path?.replace(/^\/\//, '/') ?? null;
}

/** True when `path` is `prefix` or below it. */
export function isUnder(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`);
}
