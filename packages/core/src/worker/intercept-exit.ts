import { syncBuiltinESMExports } from 'node:module';

import { OpenRtcError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { currentCall } from '../sdk/current-call.js';

/** `process`, and what `process.exit()` itself calls, which is not in its types. */
interface Exits {
  exit: (code?: number | string | null) => never;
  reallyExit?: (code?: number | string | null) => never;
  readonly _exiting?: boolean;
}

/**
 * Until the returned function is called, `process.exit()` in a call's code ends that call and not the
 * process with all the others: it throws, as code after it must not run. Outside of calls it exits.
 * `process.abort()` and a SIGKILL cannot be held up.
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
    logger.debug({ name }, 'this Node has no such function: it is not intercepted');
    return () => {};
  }
  let active = true;
  const intercepted: Exits['exit'] = (code) => {
    // Once the process is exiting, its exit handlers have run: there is no way back.
    const call = active && exits._exiting !== true ? currentCall() : undefined;
    if (call === undefined) return original.call(process, code);
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
    // Somebody may have put his own on top, which calls this one.
    if (exits[name] === intercepted) exits[name] = original;
  };
}
