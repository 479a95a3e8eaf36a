import type { Logger } from '../base/logger.js';
import { withoutSecrets } from '../base/secrets.js';

/*
 * What a provider says of a key it refuses often holds the key, and agents log what they are told. So every line of
 * the SDK's logger, which is that of OpenRTC and of most agents too, goes through the redactor before it is written.
 */

interface Stream {
  write(line: string, ...rest: unknown[]): unknown;
}

const redacted = new WeakSet<object>();

/** Lets no secret into the lines of a logger of pino's; any other one is left as it is. */
export function redactLogs(logger: Logger): void {
  const key = symbolOf(logger, 'pino.stream');
  if (key === undefined) return;
  const stream = Reflect.get(logger, key) as Stream;
  if (redacted.has(stream)) return;
  // Inherits: pino tells some streams of the line they get next by their fields, and asks others for theirs.
  const clean = Object.create(stream, {
    write: {
      value(this: Stream, line: string, ...rest: unknown[]) {
        return stream.write.call(this, withoutSecrets(line), ...rest);
      },
    },
  }) as Stream;
  redacted.add(clean);
  Reflect.set(ownerOf(logger, key), key, clean);
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
