import { log } from '@livekit/agents';

import { logLineLost, writingLog } from '../base/log-failures.js';
import type { Logger } from '../base/logger.js';
import { withoutSecrets } from '../base/secrets.js';
import { type ProcessPatch, type UndoPatch, nothingToUndo } from './sdk-patch.js';

/*
 * A provider that refuses a key often repeats the key in its answer, and agents log such answers. OpenRTC and most
 * agents log through the SDK's logger, so secrets are removed from all of its lines before they are written.
 */

interface Stream {
  write(line: string, ...rest: unknown[]): unknown;
}

/** The streams that remove secrets, each with the stream it writes to. */
const redacted = new WeakMap<object, Stream>();
const permanent = new WeakSet<object>();

const SDK_LOG = 'the log of @livekit/agents';

/** Removes secrets from the log lines of the SDK. */
export const redactedLogsPatch: ProcessPatch = {
  scope: 'process',
  name: 'redacted-logs',
  why: 'A provider that refuses a key may repeat it in its answer, which would be logged.',
  versions: '@livekit/agents 1.9 with pino 8 to 10',
  apply: () => redactLogs(log()),
};

/** Removes secrets from the lines of a logger that OpenRTC created, for as long as the process lives. */
export function redactPermanently(logger: Logger): void {
  redactLogs(logger);
  const key = symbolOf(logger, 'pino.stream');
  if (key !== undefined) permanent.add(Reflect.get(logger, key) as Stream);
}

/**
 * Removes secrets from the lines of a pino logger; any other logger is left unchanged.
 * @returns a function that restores the logger's own stream
 */
export function redactLogs(logger: Logger): UndoPatch {
  const key = symbolOf(logger, 'pino.stream');
  if (key === undefined) return nothingToUndo;
  const stream = Reflect.get(logger, key) as Stream;
  if (permanent.has(stream)) return nothingToUndo;
  const before = redacted.get(stream);
  if (before !== undefined) return () => restore(logger, key, stream, before);
  // It inherits from the stream, because pino sets fields on some streams before a line, and reads fields of others.
  const clean = Object.create(stream, {
    write: {
      value(this: Stream, line: string, ...rest: unknown[]) {
        try {
          return writingLog(() => stream.write.call(this, withoutSecrets(line), ...rest));
        } catch (error) {
          // The line is often one of the SDK, in the middle of a call: that must go on.
          logLineLost(SDK_LOG, error);
          return true;
        }
      },
    },
  }) as Stream;
  redacted.set(clean, stream);
  Reflect.set(ownerOf(logger, key), key, clean);
  return () => restore(logger, key, clean, stream);
}

/** Restores the stream, unless the logger's owner has set another one meanwhile. */
function restore(logger: Logger, key: symbol, clean: Stream, stream: Stream): void {
  if (Reflect.get(logger, key) === clean) Reflect.set(ownerOf(logger, key), key, stream);
}

/**
 * The streams that a pino logger writes to; none for any other logger. Those of `pino.multistream()` one by one.
 */
export function logStreams(logger: Logger): readonly object[] {
  const key = symbolOf(logger, 'pino.stream');
  return key === undefined ? [] : streamsIn(Reflect.get(logger, key));
}

function streamsIn(stream: unknown): readonly object[] {
  if (typeof stream !== 'object' || stream === null) return [];
  const own = redacted.get(stream) ?? stream;
  const { streams } = own as { streams?: unknown };
  if (!Array.isArray(streams)) return [own];
  return streams.flatMap((each: unknown) =>
    streamsIn((Object(each) as { stream?: unknown }).stream),
  );
}

/**
 * The symbol with this description on a logger or on what it inherits from. Undefined when there is none, as on a
 * logger that is not a pino logger. Pino does not export the symbol; its description is the same in pino 8, 9 and 10.
 */
export function symbolOf(logger: object, name: string): symbol | undefined {
  for (let at: object | null = logger; at !== null; at = parentOf(at)) {
    const key = Object.getOwnPropertySymbols(at).find(({ description }) => description === name);
    if (key !== undefined) return key;
  }
  return undefined;
}

/** The logger that has the key as its own property; its children inherit it. */
function ownerOf(logger: object, key: symbol): object {
  for (let at: object | null = logger; at !== null; at = parentOf(at))
    if (Object.hasOwn(at, key)) return at;
  return logger;
}

function parentOf(object: object): object | null {
  return Object.getPrototypeOf(object) as object | null;
}
