import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A worker under test: a file of `workers/`, the arguments it is started with, and environment over ours. */
export async function startWorker({ name, file, args = [], env = {} }, server) {
  const path = fileURLToPath(new URL(`./workers/${file}`, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], {
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
  const exited = once(child, 'exit');
  const registered = new Promise((resolve) => {
    const onData = (text) => {
      output += text;
      if (/registered (with LiveKit|worker)/.test(output)) resolve();
    };
    child.stdout.on('data', onData);
    child.stderr.on('data', onData);
  });
  const ended = exited.then(([code]) => {
    throw new Error(
      `${name} ended with ${code} before it had registered:\n${output.slice(-2_000)}`,
    );
  });
  await Promise.race([registered, ended]);
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
      child.kill('SIGTERM');
      const cut = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await exited;
      clearTimeout(cut);
    },
  };
}
