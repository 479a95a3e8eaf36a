import type { Socket } from 'node:net';

import { OpenRtcError, toPlainError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { withoutSecrets } from '../base/secrets.js';
import {
  CONTROL_SCHEMA_VERSION,
  type ControlAnswer,
  type ControlCommands,
  type ControlledWorker,
  parsed,
  recordOf,
} from './control-protocol.js';
import { PrivateSocket } from './private-socket.js';

const MAX_REQUEST_BYTES = 4_096;
// A client that has not sent its request by then, or has not read its answer, is disconnected.
const CLIENT_TIMEOUT_MS = 2_000;

/** Options of {@link ControlSocket}. */
export interface ControlSocketOptions {
  /** What each command does. */
  readonly commands: ControlCommands;
  /** The worker, as it is named in answers. */
  readonly worker: ControlledWorker;
  readonly logger: Logger;
}

/**
 * A {@link PrivateSocket} that takes commands. A client sends one line, `{"schemaVersion":1,"command":"reload"}`, and gets
 * one line, a {@link ControlAnswer}; whatever it sends after its line is not read as a command. A command that has begun
 * is carried out, also when its client hangs up. Its place is taken until then, so that no more than 8 commands wait.
 */
export class ControlSocket implements AsyncDisposable {
  /** Path of the socket. */
  readonly path: string;
  readonly #socket: PrivateSocket;

  private constructor(socket: PrivateSocket) {
    this.path = socket.path;
    this.#socket = socket;
  }

  /** Creates the socket. Undefined if that is not possible; the reason is logged. */
  static async listen(options: ControlSocketOptions): Promise<ControlSocket | undefined> {
    const { logger } = options;
    const socket = await PrivateSocket.listen({
      suffix: '.control',
      command: 'openrtc reload',
      // Some clients close their side after the request, as `nc -N` does.
      allowHalfOpen: true,
      serve: (client) =>
        void serve(client, options).catch((error: unknown) => {
          logger.warn({ error }, 'a command could not be answered');
          client.destroy();
        }),
      logger,
    });
    return socket === undefined ? undefined : new ControlSocket(socket);
  }

  /** Disconnects every client and removes the socket. Commands that have begun are carried out. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#socket[Symbol.asyncDispose]();
  }
}

async function serve(client: Socket, { commands, worker, logger }: ControlSocketOptions) {
  const request = await firstLine(client);
  if (request === undefined) return void client.destroy();
  const answer: ControlAnswer = {
    schemaVersion: CONTROL_SCHEMA_VERSION,
    worker,
    ...(await carryOut(request, commands, logger)),
  };
  // By the value, because a text that is replaced in JSON may break it.
  const text = JSON.stringify(answer, (_key, value: unknown) =>
    typeof value === 'string' ? withoutSecrets(value) : value,
  );
  // It cannot be answered any more, or it has not closed its side.
  const timer = setTimeout(() => client.destroy(), CLIENT_TIMEOUT_MS).unref();
  client.once('close', () => clearTimeout(timer));
  client.end(`${text}\n`);
}

/**
 * The first line of a client, or all it has sent when that is too long or has no end. Undefined when it has hung up without
 * a word, or has not sent a line in time.
 */
function firstLine(client: Socket): Promise<string | undefined> {
  return new Promise((resolve) => {
    let sent = Buffer.alloc(0);
    let complete = false;
    const done = (request: string | undefined) => {
      complete = true;
      clearTimeout(timer);
      sent = Buffer.alloc(0);
      resolve(request);
    };
    const timer = setTimeout(() => done(undefined), CLIENT_TIMEOUT_MS).unref();
    client.on('data', (chunk: Buffer) => {
      // What follows is read and dropped: a connection that is closed with unread data loses its answer.
      if (complete) return;
      sent = Buffer.concat([sent, chunk]);
      const end = sent.indexOf('\n');
      if (end !== -1 && end <= MAX_REQUEST_BYTES) done(sent.toString('utf8', 0, end));
      else if (sent.length > MAX_REQUEST_BYTES) done(sent.toString('utf8'));
    });
    client.once('end', () => done(sent.length === 0 ? undefined : sent.toString('utf8')));
    client.once('close', () => done(undefined));
  });
}

type Outcome =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: { readonly code: string; readonly message: string } };

async function carryOut(
  request: string,
  commands: ControlCommands,
  logger: Logger,
): Promise<Outcome> {
  try {
    const command = commandOf(request, commands);
    logger.info({ command }, `${command}: asked for by a command of this user`);
    return { ok: true, result: await commands[command]() };
  } catch (error) {
    const { code, message } = toPlainError(error);
    logger.debug({ error }, 'a command was refused');
    return { ok: false, error: { code, message } };
  }
}

function commandOf(request: string, commands: ControlCommands): keyof ControlCommands {
  if (Buffer.byteLength(request) > MAX_REQUEST_BYTES)
    throw refused(`a request has at most ${MAX_REQUEST_BYTES} bytes`);
  const { schemaVersion, command } = recordOf(parsed(request));
  const known = Object.keys(commands).join(', ');
  if (schemaVersion !== CONTROL_SCHEMA_VERSION)
    throw refused(
      `a request is one line of JSON: {"schemaVersion":${CONTROL_SCHEMA_VERSION},"command":"…"}, with one of ${known}`,
    );
  if (typeof command !== 'string' || !Object.hasOwn(commands, command))
    throw refused(
      `this worker knows no command ${JSON.stringify(command)}: it knows ${known}. Use the openrtc of its version`,
    );
  return command as keyof ControlCommands;
}

function refused(message: string): OpenRtcError {
  return new OpenRtcError('CONFIG_INVALID_OPTION', message);
}
