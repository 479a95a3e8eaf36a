import { afterEach, expect, test, vi } from 'vitest';

import { type Key, type LiveView, showLive } from './show-live.js';
import { TestTerminal } from './terminal.fixture.js';

const SIZE = { columns: 40, rows: 5 };
const NEVER_AGAIN = 3_600_000;
const LEFT = { screen: 'normal', wraps: true };

let terminal: TestTerminal;

/** A view that shows the keys pressed, and ends with q. */
function view(refresh: () => Promise<void> = async () => {}): LiveView & { readonly keys: Key[] } {
  const keys: Key[] = [];
  return {
    keys,
    refresh,
    lines: ({ columns, rows }) => [
      [{ at: 0, text: `pressed ${keys.map(({ name, text }) => name ?? text).join(' ')}` }],
      [{ at: 0, text: `${columns} by ${rows}`, style: 'warning' }],
    ],
    pressed(key) {
      keys.push(key);
      return key.name === 'q';
    },
  };
}

function start(shown: LiveView): Promise<void> {
  terminal = new TestTerminal(SIZE);
  return showLive(shown, terminal, NEVER_AGAIN);
}

async function reads(text: string): Promise<void> {
  await vi.waitFor(async () => expect((await terminal.text()).join('\n')).toContain(text), {
    timeout: 30_000,
  });
}

const listeners = () =>
  ['SIGINT', 'SIGTERM', 'SIGHUP', 'exit'].map((event) => process.listenerCount(event));
const before = listeners();

afterEach(() => {
  expect(listeners()).toEqual(before);
  expect(terminal.stdin.raw).toBe(false);
  expect(terminal.stdout.listenerCount('resize')).toBe(0);
});

test('it uses the whole terminal and restores it', async () => {
  const ended = start(view());
  await reads('40 by 5');
  expect(await terminal.modes()).toMatchObject({ screen: 'alternate', wraps: false });
  expect(terminal.stdin.raw).toBe(true);
  terminal.press('q');
  await ended;
  expect(await terminal.modes()).toMatchObject(LEFT);
  expect((await terminal.text()).join('')).toBe('');
  expect(terminal.stdout.written).toContain('\u001B[?25h');
});

test('keys are passed on by name, and the view is drawn at once', async () => {
  const ended = start(view());
  await reads('40 by 5');
  terminal.press('x\u001B[6~\r');
  await reads('pressed x pagedown return');
  terminal.press('q');
  await ended;
});

test('Ctrl-C ends it, although a raw terminal sends no signal', async () => {
  const ended = start(view());
  await reads('pressed');
  terminal.press('\u0003');
  await ended;
  expect(await terminal.modes()).toMatchObject(LEFT);
});

test('it is drawn again after a resize', async () => {
  const ended = start(view());
  await reads('40 by 5');
  terminal.resize({ columns: 20, rows: 3 });
  await reads('20 by 3');
  expect((await terminal.text()).filter((line) => line !== '')).toHaveLength(2);
  terminal.press('q');
  await ended;
});

test('an error restores the terminal and is thrown', async () => {
  const ended = start(view(() => Promise.reject(new Error('the refresh failed'))));
  await expect(ended).rejects.toThrow('the refresh failed');
  expect(await terminal.modes()).toMatchObject(LEFT);
});

test('leaving does not wait for a refresh', async () => {
  const ended = start(view(() => new Promise(() => {})));
  terminal.press('q');
  await ended;
  expect(await terminal.modes()).toMatchObject(LEFT);
});

test('it ends when the terminal is gone', async () => {
  const ended = start(view());
  await reads('pressed');
  terminal.stdout.destroy(new Error('EIO'));
  await ended;
});

test('without colours the text is the same', async () => {
  terminal = new TestTerminal(SIZE);
  terminal.env['NO_COLOR'] = '1';
  const ended = showLive(view(), terminal, NEVER_AGAIN);
  await reads('40 by 5');
  expect(await terminal.colorAt(1, 0)).toBeUndefined();
  terminal.press('q');
  await ended;
});
