import { expect, test } from 'vitest';

import { widthOf } from '../cell-text.js';
import { plainText } from '../line.js';
import { drawn } from '../terminal.fixture.js';
import { topScreen, topText } from './top-lines.js';
import { initialView } from './top-view.js';
import type { WatchedWorker } from './watched-workers.js';
import { block, call, live, report, tenCalls } from './workers.fixture.js';

const YELLOW = 3;
const HOSTILE = '\u001B]0;owned\u0007\u001B[2J\u009B31m\u202Eevil\u2066\r\n\tname';

function shown(workers: readonly WatchedWorker[], size = { columns: 180, rows: 24 }, view = {}) {
  const state = { workers, problems: [], nowMs: 5_000 };
  const { lines } = topScreen(state, { ...initialView({}), ...view }, size);
  return drawn(lines, size);
}

test('ten calls of two workers: those that need attention are first, marked, and show why', async () => {
  const terminal = await shown(tenCalls());
  const text = await terminal.text();
  expect(text[0]).toContain(
    'openrtc top  2 workers  10 calls  1 slow  1 unanswered  load 1.25 0.80 0.50',
  );
  expect(text[1]).toMatch(
    /^worker 100 {2}main\.js {2}5\/50 calls {2}ready .* coroutine {2}up 1h01m/,
  );
  expect(text[2]).toMatch(/^worker 200 .* process /);
  expect(text[3]).toMatch(
    /^ +AGENT +TENANT +ROOM +TIME +STATE +TURNS +ERRORS +CPU +MEM +OF +BLOCKS +LAST BLOCK/,
  );
  expect(text[4]).toMatch(
    /^! {2}sales +default +room-3 +3m00s +slow +6\/6 +~4% +~40M +shared +2 +1\.5s lookUp \(tools\.js:12\) +100 +100 +AJ_here3$/,
  );
  expect(text[5]).toMatch(/^! {2}support +acme +room-9 +9m00s +unanswered +0\/2 +llm 401 x2 +9%/);
  expect(text[6]).toMatch(
    /^ +support +acme +room-10 +10m00s +active +20\/20 +10% +150M +own +0 +210 +200/,
  );
  expect(text.slice(4, 14).every((line) => line.includes('room-'))).toBe(true);
  expect(text.at(-1)).toMatch(
    /^q quit {2}s sort: state {2}r reverse {2}\/ filter {2}n p page 1 of 1/,
  );
  expect(await terminal.colorAt(4, 3)).toBe(YELLOW);
  expect(await terminal.colorAt(5, 3)).toBe(YELLOW);
  expect(await terminal.colorAt(6, 3)).toBeUndefined();
});

test('a worker with a memory limit shows it, one that does not report it does not', async () => {
  const MIB = 1_048_576;
  const memory = {
    limitBytes: 512 * MIB,
    usedBytes: 300 * MIB,
    source: 'cgroup',
    callBytes: 10 * MIB,
    furtherCalls: 16,
  } as const;
  const text = await (await shown([live(report([], { memory }))])).text();
  expect(text[1]).toContain('mem 210M  limit 300M of 512M  lag 12ms');
  // A worker of a version before this one.
  const before = report([]);
  Reflect.deleteProperty(before.snapshot, 'memory');
  expect((await (await shown([live(before)])).text())[1]).toContain('mem 210M  lag 12ms');
});

test('in a narrow terminal columns are left out and no line is wrapped', async () => {
  const text = await (await shown(tenCalls(), { columns: 80, rows: 24 })).text();
  expect(text[3]).toMatch(/AGENT +ROOM +TIME +STATE +TURNS +ERRORS +CPU +LAST BLOCK$/);
  expect(text[4]).toContain('lookUp');
  const tiny = await (await shown(tenCalls(), { columns: 30, rows: 24 })).text();
  expect(tiny[3]).toMatch(/AGENT/);
  expect(tiny[3]).toMatch(/STATE/);
  expect(tiny[3]).not.toMatch(/CPU/);
});

test.each([1, 2, 3, 5, 7, 10, 24])(
  '%i rows are filled at every width, whatever the names are',
  async (rows) => {
    const names = [
      HOSTILE,
      '東京の部屋'.repeat(20),
      '👩‍👩‍👧‍👦🏽'.repeat(30),
      'e\u0301\u0301\u0301\u0301'.repeat(50),
      'x'.repeat(256),
      '',
    ];
    const workers = [live(report(names.map((room) => call({ room, agent: room, jobId: room }))))];
    for (let columns = 1; columns <= 200; columns += 7) {
      const state = { workers, problems: [HOSTILE], nowMs: 0 };
      const { lines } = topScreen(state, initialView({ filter: '' }), { columns, rows });
      expect(lines).toHaveLength(rows);
      for (const line of lines) expect(widthOf(plainText(line))).toBeLessThanOrEqual(columns);
      const terminal = await drawn(lines, { columns, rows });
      expect(await terminal.modes()).toMatchObject({ scrolled: false, wrapped: false });
    }
  },
);

test('names cannot control the terminal: their escapes are removed', async () => {
  const hostile = { room: HOSTILE, agent: HOSTILE, tenant: HOSTILE, jobId: HOSTILE };
  const workers = [live(report([call(hostile)]))];
  const size = { columns: 120, rows: 10 };
  for (const view of [{}, { filter: HOSTILE }, { typing: HOSTILE }]) {
    const { stdout } = await shown(workers, size, view);
    const [first, ...parts] = stdout.written.replace('\u001B[2J', '').split('\u001B[');
    expect(first).toBe('');
    // Positions, styles and the modes of a live view, followed by text.
    for (const part of parts)
      expect(part).toMatch(/^(?:\d+(?:;1)?[GH]|2K|\d+m|\?\d+[hl])[^\p{Cc}\p{Bidi_Control}]*$/u);
    expect(stdout.written).not.toContain('\u001B[31m');
  }
  const wide = { columns: 300, rows: 10 };
  expect((await (await shown(workers, wide)).text()).join('\n')).toContain('evilname');
});

// This terminal draws emoji one column wide; others draw two.
test.each(['東京の', '\u{1F600}'.repeat(4), '\u{1F469}\u200D\u{1F467}\u2764\uFE0F', 'नमस्ते'])(
  'all columns are in place after %s',
  async (room) => {
    const calls = [call({ room, jobId: 'AJ_a' }), call({ jobId: 'AJ_b', durationMs: 60_000 })];
    const terminal = await shown([live(report(calls))], { columns: 140, rows: 10 });
    const text = await terminal.text();
    const titles = text.findIndex((line) => line.includes('AGENT'));
    const column = text[titles]?.indexOf('STATE') ?? 0;
    for (const row of [titles + 1, titles + 2])
      expect(await terminal.textAt(row, column, 7)).toBe('active ');
  },
);

test('a worker that does not answer and one that is gone are listed before the others', async () => {
  const [one, other] = tenCalls();
  const workers: WatchedWorker[] = [
    { ...(one as WatchedWorker), state: 'silent', sinceMs: 1_000, problem: 'it did not answer' },
    { ...(other as WatchedWorker), state: 'gone', sinceMs: 2_000 },
    live(report([], {}, 300)),
  ];
  const text = await (await shown(workers)).text();
  expect(text[0]).toContain('2 workers  5 calls');
  expect(text[1]).toMatch(/^worker 100 does not answer, for 4s {2}main\.js {2}it did not answer/);
  expect(text[2]).toMatch(/^worker 200 is gone, 3s ago/);
  expect(text[3]).toMatch(/^worker 300 /);
  // Its last report, with a mark.
  expect(text[5]).toMatch(/^\? {2}sales .* silent /);
});

test('pages, the filter, and a filter being typed', async () => {
  const size = { columns: 120, rows: 10 };
  const state = { workers: tenCalls(), problems: [], nowMs: 0 };
  const view = initialView({ sort: 'room' });
  const { pages, lines } = topScreen(state, { ...view, page: 1 }, size);
  expect(pages).toBe(2);
  expect((await (await drawn(lines, size)).text()).at(-1)).toContain('page 2 of 2');
  const text = await (await shown(state.workers, size, { filter: 'tenant:acme 10%' })).text();
  expect(text.join('\n')).toContain('No call matches the filter.');
  const typing = await (await shown(state.workers, size, { typing: 'room-7' })).text();
  expect(typing.at(-1)).toMatch(/^filter: room-7_/);
  expect(typing.filter((line) => line.includes('support'))).toHaveLength(1);
});

test('it says when there is no worker, or no call', async () => {
  expect((await (await shown([])).text()).join('\n')).toContain('No worker of this user runs');
  expect((await (await shown([live(report([]))])).text()).join('\n')).toContain('No calls.');
});

test('many workers leave rows for calls', async () => {
  const workers = Array.from({ length: 30 }, (_, at) =>
    live(report([call({ jobId: `AJ_${at}` })], {}, at + 1)),
  );
  const text = await (await shown(workers, { columns: 100, rows: 15 })).text();
  expect(text[5]).toBe('and 26 more');
  expect(text.filter((line) => line.includes('room-1'))).toHaveLength(7);
});

test('a block without a known place shows its cause', async () => {
  const { culprit: _culprit, ...unseen } = block({ cause: 'unknown', stack: [] });
  const workers = [live(report([call({ blocks: { count: 1, longestMs: 900, last: unseen } })]))];
  expect((await (await shown(workers)).text()).join('\n')).toContain('1.5s (unknown)');
});

test('text for a file contains every call', () => {
  const state = { workers: tenCalls(), problems: [], nowMs: 0 };
  const text = topText(state, initialView({}), Number.POSITIVE_INFINITY).map(plainText);
  expect(text.filter((line) => line.includes('room-'))).toHaveLength(10);
  expect(text.join('')).not.toContain('\u001B');
});
