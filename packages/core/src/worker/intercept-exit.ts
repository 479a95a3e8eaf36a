import { syncBuiltinESMExports } from 'node:module';

import { OpenRtcError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { currentCall } from '../sdk/current-call.js';
import { inForeignListener, leftToTheWorker } from './left-exit.js';
import { currentVerification } from './verification.js';

/** `process`, with the function that `process.exit()` calls, which is not in its types. */
interface Exits {
  exit: (code?: number | string | null) => never;
  reallyExit?: (code?: number | string | null) => never;
  readonly _exiting?: boolean;
}

/**
 * Makes `process.exit()` in the code of a call end that call and not the process with all the others. It throws,
 * because code after it must not run. The same in a listener of others for an uncaught error that no call is blamed for:
 * the worker drains. The code of a reload cannot end the process either. Elsewhere outside of calls it exits.
 * `process.abort()` and a SIGKILL cannot be intercepted.
 * @returns a function that restores `process.exit()`
 */
export function interceptExit(logger: Logger): () => void {
  const restore = [replace('exit', logger), replace('reallyExit', logger)];
  // For `import { exit } from 'node:process'`.
  syncBuiltinESMExports();
  return () => {
    for (const undo of restore) undo();
    syncBuiltinESMExports();
  };
}

function replace(name: 'exit' | 'reallyExit', logger: Logger): () => void {
  const exits = process as unknown as Exits;
  const original = exits[name];
  if (typeof original !== 'function') {
    logger.debug({ name }, 'this version of Node has no such function: it is not intercepted');
    return () => {};
  }
  let active = true;
  const intercepted: Exits['exit'] = (code) => {
    // Once the process exits, its exit handlers have run, and it cannot be stopped any more.
    const stopped = active && exits._exiting !== true;
    const call = stopped ? currentCall() : undefined;
    if (call === undefined) {
      if (stopped && inForeignListener())
        throw leftToTheWorker(`process.${name}(${code ?? ''})`, logger);
      const reload = stopped ? currentVerification() : undefined;
      if (reload !== undefined) throw reload.exited(`process.${name}(${code ?? ''})`);
      return original.call(process, code);
    }
    const error = new OpenRtcError(
      'SESSION_EXIT',
      `process.${name}(${code ?? ''}) was called in the call's code: it ends the call, not the process. Use ctx.shutdown() to hang up.`,
    );
    call.logger.error({ error }, error.message);
    call.end.failed(error);
    throw error;
  };
  exits[name] = intercepted;
  return () => {
    active = false;
    // Other code may have replaced it with a function that calls this one.
    if (exits[name] === intercepted) exits[name] = original;
  };
}
