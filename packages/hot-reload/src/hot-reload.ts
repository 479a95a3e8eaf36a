import type { AgentPool, ReloadReport } from '@openrtc/core';
import { dirname, extname } from 'node:path';

import type { HotCode } from './hot-code.js';
import { FileWatch } from './watch-files.js';

/** Options of {@link watchAgents}. */
export interface WatchOptions {
  /** The pool whose agents are reloaded. */
  readonly pool: Pick<AgentPool, 'reload'>;
  /** Its code. */
  readonly code: HotCode;
  /** Whether a new file in a folder of the agents is an agent. */
  readonly isAgentFile: (path: string) => boolean;
  /** Absolute paths of files and folders that the agents read themselves, such as prompts. Default: none. */
  readonly others?: readonly string[];
  /** Called with what each reload has done. */
  readonly onReload?: (report: ReloadReport) => void;
  /** Called with an error of the watch. */
  readonly onError: (error: unknown) => void;
}

/** Reloads the agents of a pool whenever a file of theirs changes, until it is disposed of. */
export async function watchAgents(options: WatchOptions): Promise<AsyncDisposable> {
  const { pool, code, isAgentFile, others = [], onReload, onError } = options;
  const files = new FileWatch({
    files: () => [...code.files, ...code.missing],
    isNew: (path) => isAgentFile(path) || code.missing.some((each) => mayBe(each, path)),
    others,
    onChange: async (ofOthers) => {
      if (ofOthers) code.startOver();
      const report = await pool.reload();
      onReload?.(report);
    },
    onError,
  });
  await files.ready();
  return files;
}

/** Whether a file is what an import names: `./price`, `./price.js` and `./price/` may all be TypeScript. */
function mayBe(imported: string, path: string): boolean {
  return withoutExtension(path) === withoutExtension(imported) || dirname(path) === imported;
}

function withoutExtension(path: string): string {
  return path.slice(0, path.length - extname(path).length);
}
