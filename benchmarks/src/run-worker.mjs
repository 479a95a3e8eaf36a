import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isRunning, treePids } from './process-tree.mjs';

const workers = new URL('./workers/', import.meta.url);
// Eight processes that start at once on two cores take some ten seconds.
const START_MS = 90_000;
// A process of a worker that has ended may still be leaving its room.
const LEFT_BEHIND_MS = 5_000;

/**
 * A worker under test: a file of `workers/` or the URL of one, the arguments it is started with, environment
 * over ours, and the program that runs it.
 */
export async function startWorker(
  { name, file, args = [], env = {}, program = process.execPath },
  server,
) {
  const child = spawn(program, [fileURLToPath(new URL(file, workers)), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      NODE_ENV: 'production',
      MALLOC_ARENA_MAX: '2',
      LIVEKIT_URL: server.url,
      LIVEKIT_API_KEY: server.apiKey,
      LIVEKIT_API_SECRET: server.apiSecret,
      ...env,
    },
  });
  let output = '';
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const exited = once(child, 'exit');
  const registered = new Promise((resolve) => {
    let has = false;
    const onData = (text) => {
      output += text;
      has ||= /registered (with LiveKit|worker)/.test(output);
      if (has) resolve();
    };
    child.stdout.on('data', onData);
    child.stderr.on('data', onData);
  });
  const ended = exited.then(([code]) => {
    process.off('exit', kill);
    throw new Error(
      `${name} ended with ${code ?? 'a signal'} before it had registered:\n${output.slice(-2_000)}`,
    );
  });
  const late = setTimeout(kill, START_MS);
  await Promise.race([registered, ended]).finally(() => clearTimeout(late));
  ended.catch(() => {
    // It has registered; from here on its end is stop()'s business.
  });
  return {
    pid: child.pid,
    /** What it and its processes have written. */
    get output() {
      return output;
    },
    async stop() {
      const all = treePids(child.pid);
      child.kill('SIGTERM');
      const cut = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await exited;
      clearTimeout(cut);
      process.off('exit', kill);
      await untilGone(all);
    },
  };
}

/** What a worker has left behind would work on beside the next one: it is ended. */
async function untilGone(pids) {
  const left = () => pids.filter(isRunning);
  for (const deadline = Date.now() + LEFT_BEHIND_MS; Date.now() < deadline; await sleep(100)) {
    if (left().length === 0) return;
  }
  for (const pid of left()) killQuietly(pid);
}

function killQuietly(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It has ended meanwhile.
    if (error.code !== 'ESRCH') throw error;
  }
}
