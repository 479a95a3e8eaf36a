import { log } from '@livekit/agents';

import type { Logger } from '../base/logger.js';
import { withoutSecrets } from '../base/secrets.js';
import { type ProcessPatch, type UndoPatch, nothingToUndo } from './sdk-patch.js';

/*
 * What a provider says of a key it refuses often holds the key, and agents log what they are told. So every line of
 * the SDK's logger, which is that of OpenRTC and of most agents too, goes through the redactor before it is written.
 */

interface Stream {
  write(line: string, ...rest: unknown[]): unknown;
}

/** Each stream that takes secrets out, with the one it writes to. */
const redacted = new WeakMap<object, Stream>();
const forGood = new WeakSet<object>();

export const redactedLogsPatch: ProcessPatch = {
  scope: 'process',
  name: 'redacted-logs',
  why: 'A refused key is part of what the provider answers, and would be logged.',
  versions: '@livekit/agents 1.9 with pino 8 to 10',
  apply: () => redactLogs(log()),
};

/** A logger that OpenRTC created: secrets stay out of it for as long as the process lives. */
export function redactForGood(logger: Logger): void {
  redactLogs(logger);
  const key = symbolOf(logger, 'pino.stream');
  if (key !== undefined) forGood.add(Reflect.get(logger, key) as Stream);
}

/**
 * Takes secrets out of the lines of a pino logger; any other logger is left as it is.
 * @returns gives the logger its own stream back
 */
export function redactLogs(logger: Logger): UndoPatch {
  const key = symbolOf(logger, 'pino.stream');
  if (key === undefined) return nothingToUndo;
  const stream = Reflect.get(logger, key) as Stream;
  if (forGood.has(stream)) return nothingToUndo;
  const before = redacted.get(stream);
  if (before !== undefined) return () => restore(logger, key, stream, before);
  // Inherits: pino tells some streams of the line they get next by their fields, and asks others for theirs.
  const clean = Object.create(stream, {
    write: {
      value(this: Stream, line: string, ...rest: unknown[]) {
        return stream.write.call(this, withoutSecrets(line), ...rest);
      },
    },
  }) as Stream;
  redacted.set(clean, stream);
  Reflect.set(ownerOf(logger, key), key, clean);
  return () => restore(logger, key, clean, stream);
}

/** Unless its owner has given it another stream meanwhile. */
function restore(logger: Logger, key: symbol, clean: Stream, stream: Stream): void {
  if (Reflect.get(logger, key) === clean) Reflect.set(ownerOf(logger, key), key, stream);
}

/** A symbol of pino's is its own business; its name is the same in 8, 9 and 10. */
export function symbolOf(logger: object, name: string): symbol | undefined {
  for (let at: object | null = logger; at !== null; at = parentOf(at)) {
    const key = Object.getOwnPropertySymbols(at).find(({ description }) => description === name);
    if (key !== undefined) return key;
  }
  return undefined;
}

/** The logger that has it, which the others inherit from. */
function ownerOf(logger: object, key: symbol): object {
  for (let at: object | null = logger; at !== null; at = parentOf(at))
    if (Object.hasOwn(at, key)) return at;
  return logger;
}

function parentOf(object: object): object | null {
  return Object.getPrototypeOf(object) as object | null;
}
