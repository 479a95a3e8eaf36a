import { dirname } from 'node:path';

/** The folder and all folders above it, in the order in which Node searches them for `node_modules`. */
export function* foldersUp(folder: string): Generator<string> {
  for (let each = folder; ; each = dirname(each)) {
    yield each;
    if (each === dirname(each)) return;
  }
}
