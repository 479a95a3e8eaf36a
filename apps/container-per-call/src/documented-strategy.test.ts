import type { IsolationStrategy } from '@openrtc/core';
import { type Channel, serveTickets } from '@openrtc/core/isolation';
import { conformancePool, describeIsolation } from '@openrtc/core/testing';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import ts from 'typescript';
import { describe, it } from 'vitest';

// "Somewhere else" of docs/isolation.md, as it stands there. The other end is in this process.
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
)) as { elsewhere: (start: () => Promise<Channel>) => IsolationStrategy };

function portChannel(port: MessagePort): Channel {
  return {
    send: (message) => port.postMessage(JSON.stringify(message)),
    onMessage: (listener) =>
      void port.on('message', (message: string) => listener(JSON.parse(message))),
    onClose: (listener) => void port.on('close', () => listener('the port was closed')),
    close: () => port.close(),
  };
}

describeIsolation({
  describe,
  it,
  createStrategy: (scenario) =>
    elsewhere(async () => {
      const { port1, port2 } = new MessageChannel();
      // What it rejects with, the pool at this end is told as well, and that is what the suite looks at.
      serveTickets(conformancePool(scenario), portChannel(port2)).catch(() => {});
      return portChannel(port1);
    }),
});
