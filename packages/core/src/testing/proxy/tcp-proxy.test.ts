import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

import { startTcpProxy, type TcpProxy, type TcpProxyOptions } from './tcp-proxy.js';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close();
});

/** A server that sends back what it gets, and counts its connections. */
async function echoServer(): Promise<{ port: number; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({
    close: () => {
      sockets.forEach((socket) => socket.destroy());
      server.close();
    },
  });
  return { port: (server.address() as AddressInfo).port, sockets };
}

async function proxyTo(port: number, options: Partial<TcpProxyOptions> = {}): Promise<TcpProxy> {
  const proxy = await startTcpProxy({ target: { host: '127.0.0.1', port }, ...options });
  open.push(proxy);
  return proxy;
}

async function dial(proxy: TcpProxy): Promise<Socket> {
  const socket = connect(proxy.port, '127.0.0.1');
  open.push({ close: () => socket.destroy() });
  socket.on('error', () => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** Reads until the text has come. */
async function hear(socket: Socket, text: string): Promise<void> {
  let heard = '';
  while (!heard.includes(text)) {
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    heard += bytes.toString();
  }
}

// once() of node:events rejects at an 'error' event, which comes first.
const closed = (socket: Socket | WebSocket) =>
  new Promise<unknown>((resolve) => {
    socket.on('error', () => undefined).on('close', resolve);
  });

const gone = (proxy: TcpProxy) => expect.poll(() => proxy.connections).toBe(0);

test('bytes pass both ways, many of them, and an end is passed on', async () => {
  const { port } = await echoServer();
  const proxy = await proxyTo(port);
  const socket = await dial(proxy);
  const big = Buffer.alloc(3 * 1024 * 1024, 'x');
  const echoed: Buffer[] = [];
  socket.on('data', (bytes: Buffer) => echoed.push(bytes));
  socket.end(big);
  await once(socket, 'end');
  expect(Buffer.concat(echoed).equals(big)).toBe(true);
  await gone(proxy);
});

test('a target that is not there closes the connection', async () => {
  const proxy = await proxyTo(1);
  const socket = await dial(proxy);
  await closed(socket);
  await gone(proxy);
});

test('delayed bytes come later, in their order', async () => {
  const { port } = await echoServer();
  const proxy = await proxyTo(port);
  proxy.delayMs = 20;
  const socket = await dial(proxy);
  let heard = '';
  const hearing = (bytes: Buffer) => void (heard += bytes.toString());
  socket.on('data', hearing);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  try {
    const begun = performance.now();
    socket.write('one ');
    socket.write('two ');
    setTimeout(() => socket.write('three'), 5);
    while (!heard.includes('one two three')) {
      await setImmediate();
      vi.advanceTimersByTime(1);
    }
    // There and back.
    expect(performance.now() - begun).toBeGreaterThanOrEqual(40);
  } finally {
    vi.useRealTimers();
  }
  socket.off('data', hearing);
  proxy.delayMs = 0;
  socket.write('four');
  await hear(socket, 'four');
});

test('cut resets what there is and what comes, until it passes again', async () => {
  const { port, sockets } = await echoServer();
  const proxy = await proxyTo(port);
  const socket = await dial(proxy);
  socket.write('hello');
  await hear(socket, 'hello');
  proxy.mode = 'cut';
  await closed(socket);
  expect(proxy.cutConnections).toBe(1);
  const refused = connect(proxy.port, '127.0.0.1');
  await closed(refused);
  await gone(proxy);
  expect(proxy.cutConnections).toBe(2);
  expect(sockets).toHaveLength(1);
  proxy.mode = 'pass';
  const again = await dial(proxy);
  again.write('hello');
  await hear(again, 'hello');
});

test('cutNow() resets what there is, and the next connection passes', async () => {
  const { port } = await echoServer();
  const proxy = await proxyTo(port);
  const socket = await dial(proxy);
  socket.write('hello');
  await hear(socket, 'hello');
  proxy.cutNow();
  await closed(socket);
  const next = await dial(proxy);
  next.write('hello');
  await hear(next, 'hello');
  expect(proxy.cutConnections).toBe(1);
});

test('half-open keeps the sockets and carries nothing; then everything comes after all', async () => {
  const { port, sockets } = await echoServer();
  const proxy = await proxyTo(port);
  const socket = await dial(proxy);
  socket.write('one');
  await hear(socket, 'one');
  proxy.mode = 'half_open';
  socket.write('two');
  const fresh = await dial(proxy);
  fresh.write('three');
  let heard = '';
  for (const one of [socket, fresh]) one.on('data', (bytes: Buffer) => (heard += bytes.toString()));
  // Another proxy carries two round trips meanwhile: had this one carried anything, it would be here.
  const other = await dial(await proxyTo(port));
  for (const word of ['a', 'b']) {
    other.write(word);
    await hear(other, word);
  }
  expect(heard).toBe('');
  expect([socket.destroyed, fresh.destroyed, sockets[0]?.destroyed]).toEqual([false, false, false]);
  proxy.mode = 'pass';
  await expect.poll(() => heard).toMatch(/two.*three|three.*two/);
});

test('a half-open proxy can be closed, and leaves nothing', async () => {
  const { port, sockets } = await echoServer();
  const proxy = await proxyTo(port);
  const socket = await dial(proxy);
  socket.write('one');
  await hear(socket, 'one');
  proxy.delayMs = 60_000;
  socket.write('two');
  proxy.mode = 'half_open';
  await proxy.close();
  await proxy.close();
  await closed(socket);
  await expect.poll(() => sockets[0]?.destroyed).toBe(true);
  expect([proxy.connections, proxy.port]).toEqual([0, 0]);
});

test('only connections for a path suffer, WebSocket or not', async () => {
  const http = createHttpServer((request, response) => response.end(request.url));
  const webSockets = new WebSocketServer({ server: http });
  webSockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  open.push({
    close: () => {
      webSockets.clients.forEach((client) => client.terminate());
      http.close();
      http.closeAllConnections();
    },
  });
  const proxy = await proxyTo((http.address() as AddressInfo).port, { only: '/agent' });

  const talk = async (socket: WebSocket, text: string) => {
    socket.send(text);
    const [data] = (await once(socket, 'message')) as [Buffer];
    expect(data.toString()).toBe(text);
  };
  const worker = new WebSocket(proxy.url('/agent?access_token=x'));
  const room = new WebSocket(proxy.url('/rtc'));
  open.push({ close: () => room.terminate() });
  await Promise.all([once(worker, 'open'), once(room, 'open')]);
  await Promise.all([talk(worker, 'one'), talk(room, 'two')]);

  proxy.mode = 'cut';
  expect(await closed(worker)).toBe(1006);
  await talk(room, 'three');
  expect(await (await fetch(proxy.url('/agents', 'http'))).text()).toBe('/agents');
  const refused = new WebSocket(proxy.url('/agent/'));
  await expect(once(refused, 'open')).rejects.toThrow(/ECONNRESET|socket hang up/);
  await talk(room, 'four');
});

test('what is no HTTP passes when only a path suffers', async () => {
  const { port } = await echoServer();
  const proxy = await proxyTo(port, { only: '/agent' });
  proxy.mode = 'cut';
  const socket = await dial(proxy);
  socket.end('\u0016\u0003\u0001');
  await hear(socket, '\u0003');
  const short = await dial(proxy);
  short.end('GET');
  await hear(short, 'GET');
});
