import { rename } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { event, line, snapshot } from '../live/metrics/metrics-lines.fixture.js';
import { TestFolder } from '../test-folder.fixture.js';
import { TestTerminal } from '../live/terminal.fixture.js';
import { memoryHost } from '../memory-host.fixture.js';
import { run } from './tui.js';

const FILE = 'metrics.jsonl';
const PATIENCE = { timeout: 30_000 };

let folder: TestFolder;

beforeEach(async () => {
  folder = await TestFolder.create();
});

afterEach(async () => {
  await folder[Symbol.asyncDispose]();
});

const lines = (...all: readonly string[]) => all.map((each) => `${each}\n`).join('');

test('once: the last state of every worker, and the number of lines that are not metrics', async () => {
  const file = await folder.write(
    FILE,
    lines(
      line({}),
      'garbage',
      line({ seq: 2, kind: 'event', payload: event }),
      line({ seq: 3, payload: { ...snapshot, activeSessions: 4 } }),
    ) + '{"schemaVersion":1,"being wri',
  );
  const host = memoryHost();
  expect(await run({ flags: { file }, host })).toBe(0);
  expect(host.out()).toContain('1 worker  4 calls');
  // The line that is still being written does not count.
  expect(host.out()).toContain('1 line not JSON');
  expect(host.out()).toContain('session_failed');
});

test('a file without metrics is exit code 1', async () => {
  const file = await folder.write(FILE, 'one\ntwo\n');
  const host = memoryHost();
  expect(await run({ flags: { file }, host })).toBe(1);
  expect(host.out()).toContain('2 lines not JSON');
});

test('a missing file is an error that says how to write one', async () => {
  const file = folder.of(FILE);
  await expect(run({ flags: { file }, host: memoryHost() })).rejects.toMatchObject({
    name: 'UsageError',
    message: expect.stringContaining('--metrics-jsonl'),
  });
});

test('live: it waits for the file and follows it through a rotation', async () => {
  const terminal = new TestTerminal({ columns: 140, rows: 24 });
  const ended = run({ flags: { file: folder.of(FILE), watch: true }, host: terminal });
  const shows = (text: string) =>
    vi.waitFor(async () => expect((await terminal.text()).join('\n')).toContain(text), PATIENCE);
  await shows('waiting for');
  await folder.write(FILE, lines(line({})));
  await shows('1 worker  2 calls');
  await folder.append(FILE, lines(line({ seq: 2, kind: 'event', payload: event })));
  await shows('SESSION_UNCAUGHT: boom');
  await rename(folder.of(FILE), folder.of(`${FILE}.1`));
  await folder.write(FILE, lines(line({ seq: 3, payload: { ...snapshot, activeSessions: 9 } })));
  await shows('1 worker  9 calls');
  await shows('restarted 1x');
  terminal.press('q');
  expect(await ended).toBe(0);
  expect(await terminal.modes()).toMatchObject({ screen: 'normal', wraps: true });
});

test('without a terminal each event is a line, and each kind of skipped line is reported once', async () => {
  const file = await folder.write(FILE, lines(line({ kind: 'event', payload: event }), 'x', 'y'));
  const host = memoryHost();
  const ended = run({ flags: { file, watch: true, fromStart: true }, host });
  await vi.waitFor(() => expect(host.out()).toMatch(/session_failed .* boom\n$/), PATIENCE);
  await folder.append(FILE, lines('z', line({ schemaVersion: 2 })));
  await vi.waitFor(() => expect(host.err()).toContain('of version 2'), PATIENCE);
  expect(host.err().match(/not JSON/g)).toHaveLength(1);
  // As when the reader of the output has ended.
  host.stdout.destroy();
  expect(await ended).toBe(0);
});
