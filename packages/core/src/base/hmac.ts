import { createHmac, timingSafeEqual } from 'node:crypto';

/** The HMAC-SHA256 of a text. */
export function hmac(secret: string, text: string): Buffer {
  return createHmac('sha256', secret).update(text).digest();
}

/** Whether both are the same, in a time that does not tell where they differ. */
export function isEqual(given: Buffer, expected: Buffer): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected);
}
