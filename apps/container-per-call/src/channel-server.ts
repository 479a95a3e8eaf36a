import { type Logger, OpenRtcError } from '@openrtc/core';
import type { Channel } from '@openrtc/core/isolation';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, type Socket, createServer } from 'node:net';

import { lineChannel } from './line-channel.js';

// A client must send its token first; nothing longer is accepted before.
const TOKEN_MS = 5_000;
const TOKEN_BYTES = 1_024;

/** The server that containers connect back to. Each sends its token first. */
export interface ChannelServer {
  readonly port: number;
  /** Creates a token for one connection; `connected` is called with its channel. */
  expect(connected: (channel: Channel) => void): string;
  /** Revokes a token. */
  forget(token: string): void;
  close(): Promise<void>;
}

export async function listen(host: string, logger: Logger): Promise<ChannelServer> {
  const expected = new Map<string, (channel: Channel) => void>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const refuse = (why: string) => {
      const from = socket.remoteAddress;
      logger.warn({ from }, `a connection that is no container's was closed: ${why}`);
      socket.destroy();
    };
    const late = setTimeout(() => refuse('it said no token'), TOKEN_MS);
    const measure = () => void (socket.bytesRead > TOKEN_BYTES && refuse('that was no token'));
    sockets.add(socket);
    socket.on('data', measure).once('close', () => {
      clearTimeout(late);
      sockets.delete(socket);
    });
    const channel = lineChannel(socket);
    channel.onMessage((first) => {
      const token = String((first as { token?: unknown } | null)?.token);
      const connected = expected.get(token);
      if (connected === undefined) return refuse('nobody is expected with its token');
      expected.delete(token);
      clearTimeout(late);
      socket.off('data', measure);
      connected(channel);
    });
  });
  await once(server.listen(0, host), 'listening').catch((error: Error) => {
    throw new OpenRtcError(
      'ISOLATION_START_FAILED',
      `Containers have nowhere to connect to: the worker cannot listen on ${host} (${error.message}). The address of a bridge is there only while Docker runs.`,
    );
  });
  return {
    port: (server.address() as AddressInfo).port,
    expect(connected) {
      const token = randomBytes(32).toString('hex');
      expected.set(token, connected);
      return token;
    },
    forget: (token) => void expected.delete(token),
    async close() {
      for (const socket of sockets) socket.destroy();
      if (server.listening) await once(server.close(), 'close');
    },
  };
}
