import { OpenRtcError } from '../base/errors.js';
import type { Runner } from './hosting.js';
import { importOptional, locateOptional } from '../worker/optional-packages.js';

/** The part of `@openrtc/cli` that core uses. */
interface CommandModule {
  readonly cli?: { readonly answer?: Runner<unknown> };
}

/** The verbs of `openrtc` that need a pool. */
const VERBS: ReadonlySet<string> = new Set([
  'start',
  'dev',
  'console',
  'connect',
  'list',
  'download-files',
]);
// Verbs for which run() takes calls itself when the command is not installed.
const WORKER_VERBS: ReadonlySet<string> = new Set(['start', 'dev']);

/**
 * Returns the runner that answers `run()` when the first argument of the process is a verb of `openrtc`; undefined
 * when the pool runs itself.
 */
export function commandLine(argv: readonly string[] = process.argv): Runner<unknown> | undefined {
  const [, entry, verb = ''] = argv;
  if (!VERBS.has(verb)) return undefined;
  if (locateOptional('@openrtc/cli', [entry ?? '']) !== undefined) return answerWith(entry);
  return WORKER_VERBS.has(verb) ? undefined : () => Promise.reject(noCommand(verb));
}

function answerWith(entry: string | undefined): Runner<unknown> {
  return async (pool, options) => {
    const { cli } = (await importOptional('@openrtc/cli', [entry ?? ''])) as CommandModule;
    if (typeof cli?.answer !== 'function')
      throw new OpenRtcError(
        'CONFIG_NO_COMMAND',
        'The installed @openrtc/cli does not work with this @openrtc/core: install the same version of both.',
      );
    await cli.answer(pool, options);
  };
}

function noCommand(verb: string): OpenRtcError {
  return new OpenRtcError(
    'CONFIG_NO_COMMAND',
    `"${verb}" is a verb of the command openrtc, which is not installed: npm install @openrtc/cli. If it is an argument of your own program: pool.run({ cli: false }).`,
  );
}
