import { RemoteSessions } from '@openrtc/core/isolation';
import { cpuSecondsOf, memoryOf } from '@openrtc/test-rig';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

// Found from the entry of the package: these files are not exported.
const strategy = import.meta.resolve('@openrtc/isolation-process');
const preload = new URL('./child/preload.js', strategy).href;
const connect = new URL('./child/connect.js', strategy).href;
const entry = fileURLToPath(new URL('./workers/openrtc.mjs', import.meta.url));

const quiet = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };
const host = {
  logger: quiet,
  inference: { load: async () => false },
  report: async () => {},
};

/** Starts a process of calls as `processes()` does; measures it when it is ready, and its memory 2 s later. */
export async function startChild({ flags = [], env = {} }) {
  const startedAt = performance.now();
  const child = fork(entry, [JSON.stringify({ processes: {} })], {
    execArgv: ['--import', preload, ...flags],
    env: {
      ...process.env,
      NODE_ENV: 'production',
      MALLOC_ARENA_MAX: '2',
      OPENRTC_SERVE_TICKETS: connect,
      OPENRTC_SERVE_POOL: '0',
      ...env,
    },
    serialization: 'json',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const sessions = new RemoteSessions({
    host,
    channel: {
      // A message that cannot be sent needs no error: the exit of the process is reported.
      send: (message) => void (child.connected && child.send(message, () => {})),
      onMessage: (listener) => void child.on('message', listener),
      onClose: (listener) => void child.once('exit', () => listener('the process ended')),
      close: () => {},
    },
  });
  await sessions.open(new AbortController().signal);
  const wallMs = Math.round(performance.now() - startedAt);
  const cpuMs = Math.round(cpuSecondsOf(child.pid) * 1_000);
  await sleep(2_000);
  const { pssMb, anonMb } = memoryOf(child.pid);
  sessions.finish();
  await exited;
  return { wallMs, cpuMs, pssMb, anonMb };
}
