import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The workers under test, each a file of `workers/` and the arguments it is started with. */
export const workers = {
  'OpenRTC, coroutine': ['openrtc.mjs'],
  '@livekit/agents, a process per call': ['sdk.mjs', 'start'],
};

/** Starts a worker; resolves with its pid once it has registered. */
export async function startWorker(name, server) {
  const [file, ...args] = workers[name];
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
    async stop() {
      child.kill('SIGTERM');
      const cut = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await exited;
      clearTimeout(cut);
    },
  };
}
