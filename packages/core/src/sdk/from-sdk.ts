import { createRequire } from 'node:module';

const fromCore = createRequire(import.meta.url);

/**
 * Loads the copy of a CommonJS package that the SDK uses. Both builds of the SDK share it.
 * @throws when the SDK does not have it
 */
export function requireFromSdk(name: string): unknown {
  return createRequire(fromCore.resolve('@livekit/agents'))(name);
}
