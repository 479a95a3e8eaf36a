import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Host } from '../host.js';
import { makeTemporaryFolder } from '../temporary-folder.js';
import { UsageError } from '../usage-error.js';
import { findLocalServer } from './find-server.js';
import { joinToken } from './join-token.js';
import { type ServerPorts, serverPorts } from './ports.js';

/** A livekit-server on this machine that runs as long as the worker. */
export interface LocalServer {
  readonly url: string;
  readonly apiKey: string;
  readonly apiSecret: string;
  /** Stops it; resolves when its process has ended. */
  close(): Promise<void>;
}

// On an idle machine it takes about 0.2 s.
const MAX_START_MS = 30_000;
const POLL_MS = 50;
// It would wait for the participants in its rooms.
const MAX_STOP_MS = 1_500;
// The end of its output, shown when it does not start.
const MAX_OUTPUT_CHARACTERS = 2_000;

/**
 * Starts the livekit-server of this machine on the loopback interface, with new keys, and prints how to call.
 * @throws UsageError when it is not installed, or does not start
 */
export async function startLocalServer(host: Host): Promise<LocalServer> {
  const binary = await findLocalServer(host.env);
  if (binary === undefined)
    throw new UsageError(
      'livekit-server was not found on this machine: put it on the PATH, or set LIVEKIT_SERVER_BIN (https://docs.livekit.io/home/self-hosting/local)',
    );
  const keys = { apiKey: 'devkey', apiSecret: randomBytes(24).toString('hex') };
  const ports = await serverPorts();
  const folder = makeTemporaryFolder('openrtc-livekit-');
  const config = join(folder, 'livekit.yaml');
  await writeFile(config, configOf(ports, keys), { mode: 0o600 });
  // In its own process group: Ctrl-C is for the worker, whose calls still need the server.
  const child = spawn(binary, ['--config', config], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  // Not 'exit': output may still arrive after that.
  const exited = once(child, 'close').catch((error: unknown) => [error]);
  const kill = () => void child.kill('SIGKILL');
  process.on('exit', kill);
  const close = async () => {
    await stop(child, exited);
    process.off('exit', kill);
    await rm(folder, { recursive: true, force: true });
  };
  const url = `ws://127.0.0.1:${ports.signal}`;
  try {
    await ready(child, ports, exited);
  } catch (error) {
    await close();
    throw error;
  }
  host.stderr.write(howToCall({ url, binary, ...keys }));
  return { url, ...keys, close };
}

function configOf(
  ports: ServerPorts,
  { apiKey, apiSecret }: { readonly apiKey: string; readonly apiSecret: string },
): string {
  return [
    `port: ${ports.signal}`,
    'bind_addresses: ["127.0.0.1"]',
    'rtc:',
    '  node_ip: 127.0.0.1',
    '  use_external_ip: false',
    '  enable_loopback_candidate: true',
    '  interfaces:',
    `    includes: [${process.platform === 'linux' ? 'lo' : 'lo0'}]`,
    `  tcp_port: ${ports.rtcTcp}`,
    `  udp_port: ${ports.rtcUdp}`,
    'keys:',
    `  ${apiKey}: "${apiSecret}"`,
    'logging:',
    '  level: warn',
    '',
  ].join('\n');
}

async function ready(
  child: ChildProcess,
  { signal: port }: ServerPorts,
  exited: Promise<unknown>,
): Promise<void> {
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on(
      'data',
      (text: Buffer) => (output = (output + text.toString()).slice(-MAX_OUTPUT_CHARACTERS)),
    );
  const gone = exited.then(() => {
    throw new UsageError(`livekit-server ended before it was ready:\n${output.trim()}`);
  });
  // After it is ready, the worker notices when it ends.
  gone.catch(() => {});
  const deadline = performance.now() + MAX_START_MS;
  while (!(await Promise.race([answers(port), gone]))) {
    if (performance.now() > deadline)
      throw new UsageError(
        `livekit-server was not ready within ${MAX_START_MS / 1_000} s:\n${output}`,
      );
    await Promise.race([sleep(POLL_MS), gone]);
  }
}

async function answers(port: number): Promise<boolean> {
  // Connections are refused until it listens.
  const response = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
  await response?.body?.cancel();
  return response?.ok ?? false;
}

async function stop(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  const runs = child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  if (!runs) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), MAX_STOP_MS);
  await exited;
  clearTimeout(timer);
}

function howToCall({
  url,
  binary,
  ...keys
}: Pick<LocalServer, 'url' | 'apiKey' | 'apiSecret'> & { binary: string }): string {
  return [
    `LiveKit   ${url} (${binary})`,
    `  key     ${keys.apiKey}`,
    `  secret  ${keys.apiSecret}`,
    '  call    with any LiveKit client, such as https://meet.livekit.io, tab "Custom", with this token:',
    `          ${joinToken(keys, 'me', 'call-me')}`,
    '',
  ].join('\n');
}
