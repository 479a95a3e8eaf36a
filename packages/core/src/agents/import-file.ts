import { realpath } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { messageOf } from '../base/errors.js';
import { failedPlace, placeText, printedPlace, shortPath } from '../base/source-place.js';
import { timeBox } from '../base/time-box.js';
import { importersOf, readModuleGraph } from './module-graph.js';

// A module that has been loaded is imported again within some turns of the event loop; those of a busy machine are long.
const LOADED_MS = 1_500;

/**
 * Imports a file, as `import()` does.
 * @throws the error of {@link explainImport}
 */
export async function importNatively(url: string): Promise<unknown> {
  try {
    return await import(/* @vite-ignore */ url);
  } catch (error) {
    throw await explainImport(error, await realpath(fileURLToPath(url)));
  }
}

/**
 * An error with the message of `error`, followed by where the import of a file failed: file, line and column, and
 * through which files it came there. The original error is its cause. The message alone where the place is not known.
 * @param entry - absolute path of the file whose import failed
 * @param known - what its files import, where they are not the files that Node loads. Default: read from the sources
 */
export async function explainImport(
  error: unknown,
  entry: string,
  known?: ReadonlyMap<string, readonly string[]>,
): Promise<Error> {
  const message = messageOf(error);
  const explained = (where = ''): Error =>
    new Error(where === '' ? message : `${message} (at ${where})`, { cause: error });
  if (!(error instanceof Error)) return explained();
  let place = failedPlace(error);
  if (place?.file === entry) return explained(placeText(place));
  if (place === undefined && !(error instanceof SyntaxError)) return explained();
  const read = known === undefined ? await readModuleGraph(entry, message) : undefined;
  place ??= printedPlace(read?.syntaxError ?? '');
  if (place === undefined) return explained();
  const importers = importersOf(place.file, entry, known ?? read?.imports ?? new Map());
  return explained(
    [placeText(place), ...importers.map((each) => `imported by ${shortPath(each)}`)].join(', '),
  );
}

/**
 * The files at whose top level the import of a file waits: those that are not loaded while all they import is. The file
 * itself when none is found.
 * @param path - absolute path of a file whose import by `import()` has begun
 */
export async function filesWaitedFor(path: string): Promise<readonly string[]> {
  const { imports = new Map<string, readonly string[]>() } = (await readModuleGraph(path)) ?? {};
  const loading = new Set<string>();
  await Promise.all(
    [...imports.keys()].map(async (file) => {
      // They have been imported already, so nothing runs a second time.
      const again = await timeBox(LOADED_MS, () => import(pathToFileURL(file).href));
      if (again.kind === 'timeout') loading.add(file);
    }),
  );
  const waiting = [...loading].filter(
    (file) => !imports.get(file)?.some((each) => each !== file && loading.has(each)),
  );
  return waiting.length === 0 ? [path] : waiting;
}
