import { type MessagePort, MessageChannel } from 'node:worker_threads';

import { checkKeys } from '../base/option-checks.js';
import type { Channel } from '../launch/channel.js';
import { ServedSessions } from '../launch/served-sessions.js';
import type { Isolation, IsolationStrategy } from '../launch/isolation-strategy.js';
import { RemoteSessions } from '../launch/remote-sessions.js';

/**
 * A strategy that runs calls in this process but shares no object with the pool: tickets, events, hang-ups and errors
 * all cross a MessageChannel as JSON. Tests use it, because what works through it also works through a child process.
 * @param options - none so far
 */
export function cloning(options: Readonly<Record<string, never>> = {}): IsolationStrategy {
  checkKeys('cloning()', options, []);
  return {
    name: 'cloning',
    async open(host, signal): Promise<Isolation> {
      const closing = new AbortController();
      await host.prewarm(AbortSignal.any([signal, closing.signal]));
      const { port1, port2 } = new MessageChannel();
      const served = new ServedSessions(portChannel(port2));
      const near = new RemoteSessions({ host, channel: portChannel(port1) });
      served.ready(host, []);
      await near.open(signal);
      return {
        run: (ticket, callSignal) => near.run(ticket, callSignal),
        async [Symbol.asyncDispose]() {
          closing.abort();
          near.finish();
          await served.done;
          port1.close();
        },
      };
    },
  };
}

/** One end of a MessageChannel. Messages are sent as text, so that only JSON can pass. */
function portChannel(port: MessagePort): Channel {
  return {
    send: (message) => port.postMessage(JSON.stringify(message)),
    onMessage: (listener) =>
      void port.on('message', (message: string) => listener(JSON.parse(message))),
    onClose: (listener) => void port.on('close', () => listener('its port was closed')),
    close: () => port.close(),
  };
}
