import { createRequire } from 'node:module';
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';

import type { Logger } from '../base/logger.js';
import { keepSecret } from '../base/secrets.js';
import { redactLogs } from './redacted-logs.js';

// The SDK's own copy: core does not depend on pino.
const fromSdk = createRequire(createRequire(import.meta.url).resolve('@livekit/agents'));
const { pino, multistream } = fromSdk('pino') as {
  pino: (options: object, destination: unknown) => Logger;
  multistream: (streams: readonly object[]) => unknown;
};

function sink() {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  return { lines, stream };
}

const SECRET = 'a-secret-of-this-test';

test('no line of a logger or of its children has a secret, and its destination does not change', () => {
  keepSecret([SECRET]);
  const [all, errors] = [sink(), sink()];
  const logger = pino(
    { level: 'debug' },
    multistream([
      { stream: all.stream, level: 'debug' },
      { stream: errors.stream, level: 'error' },
    ]),
  );
  const child = logger.child({ key: SECRET });
  redactLogs(logger);
  redactLogs(child);
  child.debug({}, 'as a child');
  logger.error({ error: new Error(`refused ${SECRET}`) }, `with ${SECRET}`);
  expect(all.lines).toHaveLength(2);
  expect(errors.lines).toHaveLength(1);
  for (const line of all.lines) {
    expect(JSON.parse(line)).toMatchObject({ level: expect.any(Number) });
    expect(line).toContain('[secret]');
    expect(line).not.toContain(SECRET);
  }
});

test('a logger that is not a pino logger is left unchanged', () => {
  const said: string[] = [];
  const write = (_fields: object, message: string) => said.push(message);
  const logger: Logger = {
    debug: write,
    info: write,
    warn: write,
    error: write,
    child: () => logger,
  };
  redactLogs(logger);
  logger.info({}, 'as it is');
  expect(said).toEqual(['as it is']);
});
