import { randomBytes } from 'node:crypto';

/** A random id in LiveKit's format, e.g. `AJ_4f9c…`. */
export function newId(prefix: 'AJ' | 'AD' | 'AW' | 'RM' | 'PA' | 'API'): string {
  return `${prefix}_${randomBytes(6).toString('hex')}`;
}
