import { openCompanions } from '../companions.js';
import { exitCode } from '../exit-code.js';
import type { LoadedPool } from '../load/load-module.js';
import { type LocalServer, startLocalServer } from '../local/local-server.js';
import { operateSettings } from '../options/operate-settings.js';
import { poolSettings } from '../options/pool-settings.js';
import { codeOf } from '../report-error.js';
import { UsageError } from '../usage-error.js';
import type { VerbContext } from './verb-context.js';

/** `dev` and `start`: runs the worker until it has drained. */
export async function run(context: VerbContext): Promise<number> {
  const { verb, flags } = context;
  if (flags.local && flags.url !== undefined)
    throw new UsageError('--local and --url are two different servers: use one of them');
  const loaded = await context.load((core) =>
    core.startLogs({ pretty: verb === 'dev', level: flags.logLevel ?? 'info' }),
  );
  try {
    await runWorker(context, loaded);
  } catch (error) {
    await loaded.finish(error);
    throw await withAdvice(error, context);
  }
  await loaded.finish();
  return exitCode.done;
}

async function runWorker(
  { verb, flags, host }: VerbContext,
  { core, pool, fromDirectory, folder, runOptions }: LoadedPool,
): Promise<void> {
  pool.configure(await poolSettings(flags, { fromDirectory, folder }));
  const watched = operateSettings(verb, flags, { ...pool.operate, ...runOptions });
  const runPool = () => pool.run({ ...runOptions, ...watched, cli: false });
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
    companions = await openCompanions({ pool, flags, verb, host });
    await runPool();
  } finally {
    await companions?.[Symbol.asyncDispose]();
    await server?.close();
  }
}

/** The error, with the options that solve it. */
async function withAdvice(error: unknown, { verb, host }: VerbContext): Promise<unknown> {
  if (!(error instanceof Error)) return error;
  const code = codeOf(error);
  if (code === 'CONFIG_PORT_IN_USE')
    return new UsageError(`${error.message} Set another one with --port (OPENRTC_PORT).`, {
      cause: error,
    });
  if (code !== 'CONFIG_MISSING_CREDENTIALS') return error;
  const [missing = ''] = error.message.split('. ');
  const advice = 'set it in the environment, or pass --url, --api-key and --api-secret';
  return new UsageError(`${missing}: ${advice}${verb === 'dev' ? await localAdvice(host) : ''}`, {
    cause: error,
  });
}

async function localAdvice({ env }: VerbContext['host']): Promise<string> {
  const { findLocalServer } = await import('../local/find-server.js');
  const path = await findLocalServer(env);
  return path === undefined ? '' : `; or use --local, which starts ${path}`;
}
