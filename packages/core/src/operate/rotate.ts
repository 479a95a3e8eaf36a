import { rename } from 'node:fs/promises';

import { type FileKind, checkReplaceable, codeOf } from './own-file.js';

/**
 * Renames `path` to `path.1`, `path.1` to `path.2`, and so on up to `keep`; the last one is replaced.
 * @throws OpenRtcError with the code of their kind if one of them must not be replaced; nothing was renamed in that case.
 */
export async function rotate(path: string, keep: number, kind: FileKind): Promise<void> {
  const names = [path, ...Array.from({ length: keep }, (_, at) => `${path}.${at + 1}`)];
  for (const name of names.slice(1)) await checkReplaceable(name, kind);
  for (let at = keep; at > 0; at -= 1) {
    const [from, to] = [names[at - 1], names[at]];
    if (from !== undefined && to !== undefined) await renameIfThere(from, to);
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}
