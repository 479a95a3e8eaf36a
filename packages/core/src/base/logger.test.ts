import { expect, test } from 'vitest';

import { LogBook } from './log-book.js';
import { type Logger, unbreakable } from './logger.js';

const hostile = {
  get message(): string {
    throw new Error('hands off');
  },
};

/** A logger that serialises its fields. */
class ReadingLog extends LogBook {
  override error = (fields: object, message: string) => {
    const text = JSON.stringify(fields);
    this.info({ text }, message);
  };
  override child = (): this => this;
}

test('a line with a value that cannot be read is written without that value', () => {
  const log = new ReadingLog();
  unbreakable(log).error({ error: hostile, jobId: 'AJ_1' }, 'it failed');
  expect(log.lines).toMatchObject([
    { message: 'it failed', fields: { text: expect.stringContaining('AJ_1') } },
  ]);
});

test('every other line is passed on unchanged, by child loggers too', () => {
  const log = new LogBook();
  const safe: Logger = unbreakable(log);
  const fields = { error: new Error('boom') };
  safe.debug(fields, 'a');
  safe.info(fields, 'b');
  safe.warn(fields, 'c');
  safe.child({ jobId: 'AJ_1' }).error(fields, 'd');
  expect(log.lines.map(({ level, message }) => level + message)).toEqual([
    'debuga',
    'infob',
    'warnc',
    'errord',
  ]);
  expect(log.lines.every((line) => line.fields === fields)).toBe(true);
});
