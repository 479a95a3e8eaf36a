import type { IsolationStrategy } from '@openrtc/core';
import { type Channel, type Isolation, serveTickets } from '@openrtc/core/isolation';
import { conformancePool, describeIsolation } from '@openrtc/core/testing';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import ts from 'typescript-api';
import { describe, expect, it, test } from 'vitest';

// "Somewhere else" of docs/isolation.md, as it stands there.
const page = await readFile(new URL('../../../docs/isolation.md', import.meta.url), 'utf8');
const source = /<!-- example: elsewhere -->\s+```ts\n([\s\S]*?)^```$/m.exec(page)?.[1];
if (source === undefined) throw new Error('docs/isolation.md has no example "elsewhere"');
const { outputText } = ts.transpileModule(source, {
  compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
});
// A data: URL has no folder from which a package could be found.
const core = pathToFileURL(createRequire(import.meta.url).resolve('@openrtc/core/isolation')).href;
const { elsewhere } = (await import(
  /* @vite-ignore */ `data:text/javascript,${encodeURIComponent(outputText.replace('@openrtc/core/isolation', core))}`
)) as {
  elsewhere: (
    connectBack: URL,
    start: (env: Record<string, string>) => Promise<Channel>,
  ) => IsolationStrategy;
};
const connectBack = new URL('fixtures/connect-back.mjs', import.meta.url);
const entry = fileURLToPath(new URL('fixtures/conformance-entry.mjs', import.meta.url));

function portChannel(port: MessagePort): Channel {
  return {
    send: (message) => port.postMessage(JSON.stringify(message)),
    onMessage: (listener) =>
      void port.on('message', (message: string) => listener(JSON.parse(message))),
    onClose: (listener) => void port.on('close', () => listener('the port was closed')),
    close: () => port.close(),
  };
}

/** The IPC channel of a child, as the worker sees it. */
function childChannel(child: ChildProcess): Channel {
  return {
    send: (message) => void (child.connected && child.send(message, () => {})),
    onMessage: (listener) => void child.on('message', listener),
    onClose: (listener) =>
      void child.once('exit', (code, signal) => listener(`it exited (${String(signal ?? code)})`)),
    close: () => void child.kill('SIGKILL'),
  };
}

describe('the other end in this process', () => {
  describeIsolation({
    describe,
    it,
    createStrategy: (scenario) =>
      elsewhere(connectBack, async () => {
        const { port1, port2 } = new MessageChannel();
        // What it rejects with, the pool at this end is told as well, and that is what the suite looks at.
        serveTickets(conformancePool(scenario), portChannel(port2)).catch(() => {});
        return portChannel(port1);
      }),
  });
});

/** The documented strategy, opened for each call: each has a process of its own. */
function perCall(documented: IsolationStrategy): IsolationStrategy {
  return {
    name: 'child-per-call',
    async open(host, signal) {
      // If the first process does not start, none will. It takes the first call.
      let next: Isolation | undefined = await documented.open(host, signal);
      return {
        async run(ticket, hangUp) {
          const isolation = next ?? (await documented.open(host, new AbortController().signal));
          next = undefined;
          try {
            await isolation.run(ticket, hangUp);
          } finally {
            await isolation[Symbol.asyncDispose]();
          }
        },
        async [Symbol.asyncDispose]() {
          await next?.[Symbol.asyncDispose]();
          next = undefined;
        },
      };
    },
  };
}

describe('a child process for each call', () => {
  describeIsolation({
    describe,
    it,
    patienceMs: 30_000,
    createStrategy: (scenario) =>
      perCall(
        elsewhere(connectBack, async (env) =>
          childChannel(
            fork(entry, {
              env: { ...process.env, ...env, SCENARIO: JSON.stringify(scenario) },
              stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
            }),
          ),
        ),
      ),
  });
});

test('a child whose program has no such pool says so, and exits', async () => {
  const child = fork(entry, {
    env: {
      ...process.env,
      OPENRTC_SERVE_TICKETS: connectBack.href,
      OPENRTC_SERVE_POOL: '17',
      SCENARIO: '{}',
    },
    silent: true,
  });
  let stderr = '';
  child.stderr?.on('data', (text: Buffer) => (stderr += text.toString()));
  const [code] = (await once(child, 'close')) as [number];
  expect(stderr).toContain(
    'OPENRTC_SERVE_POOL is "17", but the program has run only pool 0, so no call can run here.',
  );
  expect(code).toBe(2);
});
