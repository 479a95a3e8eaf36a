import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

import { type AgentImporter, nativeImporter } from '../agents/discover.js';
import { type Logger, unbreakable } from '../base/logger.js';
import { shortPath } from '../base/source-place.js';
import { withLoadPatches } from '../sdk/patches.js';
import { currentSdkLogger } from '../sdk/sdk-logger.js';
import { loadWithoutWorkers } from '../sdk/worker-starts.js';
import { inCallProcess } from '../worker/started-for-calls.js';

/** Reports what is worth knowing about the user's files, in one sentence. */
export type Warn = (message: string) => void;

/**
 * Loads a file of the user: agents, or a module with a pool. If it starts LiveKit's own worker, as LiveKit's examples
 * do in their last line, that start is ignored with one warning.
 * @param path - absolute path of the file
 */
export function loadUserCode<Loaded>(
  path: string,
  warn: Warn,
  load: () => Promise<Loaded>,
): Promise<Loaded> {
  const told = new Set<string>();
  return withLoadPatches(warn, () =>
    loadWithoutWorkers((start) => {
      if (!told.has(start)) warn(ignoredStart(path, start));
      told.add(start);
    }, load),
  );
}

function ignoredStart(path: string, start: string): string {
  return (
    `${shortPath(path)} starts LiveKit's own worker: ${start} was ignored, because the pool is the worker. Remove it, ` +
    `or put it into a file of its own that imports ${basename(path)}`
  );
}

/** An importer whose files are loaded as {@link loadUserCode} does. */
export function userCodeImporter(
  warn: Warn,
  importer: AgentImporter = nativeImporter,
): AgentImporter {
  return {
    ...importer,
    importModule: (url) => loadUserCode(fileURLToPath(url), warn, () => importer.importModule(url)),
  };
}

/**
 * Warns in the log of the pool. In a process for calls nothing is said: its worker has loaded the same files.
 * @param logger - of the pool. Default: that of the SDK, if there is one yet, else a warning of Node
 */
export function warnInLog(logger: Logger | undefined): Warn {
  return (message) => {
    if (inCallProcess()) return;
    // The SDK's logger is not created for this: the program chooses its style later.
    const log = logger ?? currentSdkLogger();
    if (log === undefined) process.emitWarning(message, 'OpenRtcWarning');
    else unbreakable(log).warn({}, message);
  };
}
