import type { RunOptions } from '@openrtc/core';

import { openCompanions } from '../companions.js';
import { exitCode } from '../exit-code.js';
import type { LoadedPool } from '../load/load-module.js';
import { type LocalServer, startLocalServer } from '../local/local-server.js';
import { operateSettings } from '../options/operate-settings.js';
import { isolationSettings, poolSettings } from '../options/pool-settings.js';
import { reloadSettings } from '../options/reload-settings.js';
import { needsFlag } from '../options/table.js';
import { codeOf } from '../report-error.js';
import { UsageError } from '../usage-error.js';
import { ConfigurationFaults } from './configuration.js';
import type { VerbContext } from './verb-context.js';

/** `dev` and `start`: runs the worker until it has drained. */
export async function run(context: VerbContext): Promise<number> {
  const { verb, flags } = context;
  const loaded = await context.load((core) =>
    core.startLogs({ pretty: verb === 'dev', level: flags.logLevel ?? 'info' }),
  );
  try {
    await runWorker(context, loaded);
  } catch (error) {
    // The user's own code gets the error of its pool.
    await loaded.finish(error instanceof UsageError && codeOf(error.cause) ? error.cause : error);
    throw withAdvice(error);
  }
  await loaded.finish();
  return exitCode.done;
}

async function runWorker(context: VerbContext, loaded: LoadedPool): Promise<void> {
  const { verb, flags, host } = context;
  const { core, pool } = loaded;
  const runOptions = await configureWorker(context, loaded);
  const runPool = () => pool.run(runOptions);
  // In a process for calls everything else is the worker's.
  if (core.inCallProcess()) return runPool();
  let server: LocalServer | undefined;
  let companions: AsyncDisposable | undefined;
  try {
    if (flags.local) {
      server = await startLocalServer(host);
      const { url, apiKey, apiSecret } = server;
      pool.configure({ livekit: { url, apiKey, apiSecret } });
    }
    companions = await openCompanions({ pool, loaded, flags, verb, host });
    await runPool();
  } finally {
    await companions?.[Symbol.asyncDispose]();
    await server?.close();
  }
}

// The keys of a local server are known when it runs. Until then these take their place.
const NOT_YET_KNOWN = { url: 'ws://127.0.0.1', apiKey: 'local', apiSecret: 'local' };

/** Configures the pool, and checks everything before anything is opened. Returns the options of the run. */
async function configureWorker(
  { verb, flags, host }: VerbContext,
  { core, pool, fromDirectory, folder, runOptions }: LoadedPool,
): Promise<RunOptions> {
  const faults = new ConfigurationFaults();
  await faults.step(() => {
    if (flags.local && flags.url !== undefined)
      throw new UsageError('--local and --url are two different servers: use one of them');
  });
  await faults.step(() => {
    if (flags.dashboardRefresh !== undefined && flags.dashboard !== true)
      throw needsFlag('dashboardRefresh', 'dashboard');
  });
  await faults.step(() => {
    if (flags.watchPath !== undefined && reloadSettings(verb, flags)?.watch !== true)
      throw verb === 'start'
        ? needsFlag('watchPath', 'watch')
        : new UsageError('--watch-path and --no-watch contradict each other: use one of them');
  });
  await faults.step(() => pool.configure(poolSettings(flags)));
  await faults.step(async () =>
    pool.configure(await isolationSettings(flags, { fromDirectory, folder })),
  );
  if (flags.local) pool.configure({ livekit: NOT_YET_KNOWN });
  const watched = await faults.step(() =>
    operateSettings(verb, flags, { ...pool.operate, ...runOptions }),
  );
  const options: RunOptions = { ...runOptions, ...watched, cli: false };
  if (!core.inCallProcess()) await faults.step(() => core.checkConfiguration(pool, options));
  await faults.throwAll(verb, host);
  return options;
}

/** The error, with the option that solves it. */
function withAdvice(error: unknown): unknown {
  if (!(error instanceof Error) || codeOf(error) !== 'CONFIG_PORT_IN_USE') return error;
  return new UsageError(`${error.message} Set another one with --port (OPENRTC_PORT).`, {
    cause: error,
  });
}
