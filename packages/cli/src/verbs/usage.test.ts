import { createReadStream, readFileSync } from 'node:fs';
import { appendFile, copyFile, rename, symlink } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { memoryHost } from '../memory-host.fixture.js';
import { TestFolder } from '../test-folder.fixture.js';
import { type UsageJson, run } from './usage.js';
import { CallLog } from './usage/call-log.js';
import { readLines } from './usage/metrics-files.js';
import { WorkerLines, used } from './usage/usage-lines.fixture.js';

let folder: TestFolder;

beforeEach(async () => {
  folder = await TestFolder.create();
});

afterEach(async () => {
  await folder[Symbol.asyncDispose]();
});

const write = (name: string, ...lines: readonly string[]) =>
  folder.write(name, lines.map((line) => `${line}\n`).join(''));

async function usage(flags: Parameters<typeof run>[0]['flags'], input?: string) {
  const host = memoryHost();
  host.stdin.end(input);
  const code = await run({ flags, host });
  const [head = [], ...rows] = host
    .out()
    .split('\r\n')
    .filter((line) => line !== '')
    .map((line) => line.split(','));
  return {
    code,
    err: host.err(),
    out: host.out(),
    /** The cells that are not empty, by their column. */
    rows: rows.map((cells) =>
      Object.fromEntries(
        head.map((name, at) => [name, cells[at]]).filter(([, cell]) => cell !== ''),
      ),
    ),
  };
}

async function json(flags: Parameters<typeof run>[0]['flags'], input?: string) {
  const { out, ...rest } = await usage({ ...flags, json: true }, input);
  return { ...rest, json: JSON.parse(out) as UsageJson };
}

/** How many calls and input tokens are counted. */
async function counted(files: readonly string[], flags: object = {}) {
  const { json: found, err, code } = await json({ files, by: [], ...flags });
  const [group] = found.groups;
  const tokens = group?.providers.reduce((sum, { inputTokens }) => sum + inputTokens, 0);
  return { calls: group?.calls, tokens, err, code };
}

const three = () => {
  const lines = new WorkerLines();
  return [
    lines.started('AJ_1'),
    lines.ended('AJ_1'),
    lines.snapshot(),
    lines.ended('AJ_2', {
      tenant: 'globex',
      agent: 'support',
      durationMs: 1_500,
      timestamp: Date.UTC(2026, 10, 6, 23, 59, 59, 999),
      usage: [
        used({ inputTokens: 7 }),
        used({ kind: 'tts', model: 'voice', characters: 12, audioDurationMs: 900 }),
        used({ kind: 'stt', model: 'ears', audioDurationMs: 2_500 }),
      ],
    }),
    lines.ended('AJ_3', { event: 'session_failed', timestamp: Date.UTC(2026, 10, 7) }),
  ];
};

test('by default there is a row for the calls, and one for each model, of each tenant and agent', async () => {
  const file = await write('metrics.jsonl', ...three());
  const { code, err, rows } = await usage({ files: [file] });
  expect([code, err]).toEqual([0, '']);
  const acme = { tenant: 'acme', agent: 'sales' };
  const globex = { tenant: 'globex', agent: 'support', provider: 'openai' };
  expect(rows).toMatchObject([
    { ...acme, kind: 'session', calls: '2', unfinished_calls: '0', session_seconds: '120' },
    {
      ...acme,
      kind: 'llm',
      provider: 'openai',
      model: 'small',
      llm_input_tokens: '200',
      llm_cached_input_tokens: '80',
      llm_output_tokens: '10',
    },
    { tenant: 'globex', agent: 'support', kind: 'session', calls: '1', session_seconds: '1.5' },
    { ...globex, kind: 'llm', model: 'small', llm_input_tokens: '7' },
    { ...globex, kind: 'stt', model: 'ears', stt_audio_seconds: '2.5' },
    { ...globex, kind: 'tts', model: 'voice', tts_characters: '12', tts_audio_seconds: '0.9' },
  ]);
});

test('by day and tenant there is one row with all figures', async () => {
  const file = await write('metrics.jsonl', ...three());
  const { rows } = await usage({ files: [file], by: ['day', 'tenant'] });
  expect(rows).toMatchObject([
    { day: '2026-11-05', tenant: 'acme', calls: '1', llm_input_tokens: '100' },
    {
      day: '2026-11-06',
      tenant: 'globex',
      calls: '1',
      llm_input_tokens: '7',
      tts_characters: '12',
    },
    { day: '2026-11-07', tenant: 'acme', calls: '1', session_seconds: '60' },
  ]);
});

test.each<[string, { from?: number; to?: number }, calls: number]>([
  ['from its end on', { from: Date.UTC(2026, 10, 7) }, 1],
  ['before its end', { to: Date.UTC(2026, 10, 7) }, 2],
  ['in a day', { from: Date.UTC(2026, 10, 6), to: Date.UTC(2026, 10, 7) }, 1],
])('a call belongs to the time of its end: %s', async (_what, period, calls) => {
  const file = await write('metrics.jsonl', ...three());
  expect(await counted([file], period)).toMatchObject({ calls, code: 0 });
});

describe('files', () => {
  /** The lines of `three()` in the files of a rotation. */
  const rotated = async () => {
    const [a = '', b = '', ...rest] = three();
    await write('metrics.jsonl.2', a);
    await write('metrics.jsonl.1', b);
    await write('metrics.jsonl', ...rest);
    return folder.of('metrics.jsonl');
  };

  test('that were rotated belong to the one that is named', async () => {
    expect(await counted([await rotated()])).toMatchObject({ calls: 3, tokens: 207, err: '' });
  });

  test.each<[string, () => Promise<readonly string[]>]>([
    ['named twice', async () => [await rotated(), folder.of('metrics.jsonl')]],
    ['named with their rotated ones', async () => [await rotated(), folder.of('metrics.jsonl.1')]],
    ['in the wrong order', async () => [folder.of('metrics.jsonl.1'), await rotated()]],
    ['matched by a pattern', async () => (await rotated(), [folder.of('*.jsonl*')])],
    [
      'and their copies',
      async () => {
        const path = await rotated();
        await copyFile(`${path}.1`, folder.of('copy.jsonl'));
        return [folder.of('copy.jsonl'), path];
      },
    ],
    [
      'and links to them',
      async () => {
        const path = await rotated();
        await symlink(path, folder.of('link.jsonl'));
        return [path, folder.of('link.jsonl')];
      },
    ],
  ])('%s are counted once', async (_what, files) => {
    expect(await counted(await files())).toMatchObject({ calls: 3, tokens: 207, err: '' });
  });

  test('of several workers that write to one file', async () => {
    const workers = ['a', 'b'].map((name) => new WorkerLines(name));
    const lines = workers.flatMap((worker) => [worker.ended('AJ_1'), worker.ended('AJ_2')]);
    const file = await write('metrics.jsonl', ...lines.toSorted());
    expect(await counted([file])).toMatchObject({ calls: 4, err: '' });
  });

  test('from stdin', async () => {
    const input = three().join('\n');
    expect((await json({ files: ['-'], by: [] }, input)).json.groups[0]?.calls).toBe(3);
  });

  test('of which one is missing: what is not there is said', async () => {
    const path = await rotated();
    await rename(`${path}.1`, folder.of('elsewhere'));
    const { calls, err } = await counted([path]);
    expect(calls).toBe(2);
    expect(err).toContain('openrtc: 1 line of the workers missing: in a file that was not given');
  });

  test('whose last line is not complete', async () => {
    const path = await rotated();
    await appendFile(path, new WorkerLines('late').ended('AJ_9').slice(0, -9));
    const { calls, err, code } = await counted([path]);
    expect([calls, code]).toEqual([3, 0]);
    expect(err).toBe(`openrtc: ${path}:4: skipped, it is not complete\n`);
  });

  test('whose last line has no line end: it is counted', async () => {
    const path = await rotated();
    await appendFile(path, new WorkerLines('late').ended('AJ_9'));
    expect(await counted([path])).toMatchObject({ calls: 4, err: '' });
  });

  test.each<[string, string, string]>([
    ['of something else', '{"level":30,"msg":"joined"}', 'it is not a line of metrics'],
    ['of a newer version', '{"schemaVersion":2}', 'a newer version of OpenRTC has written it'],
    ['that is too long', `"${'x'.repeat(5_000_000)}"`, 'it is too long'],
    [
      'with tokens that are no number',
      new WorkerLines('x').ended('AJ_9', { usage: [{ inputTokens: 'many' }] }),
      'it is not a line of metrics',
    ],
  ])('a line %s is skipped, and named', async (_what, line, why) => {
    const [first = '', ...rest] = three();
    const file = await write('metrics.jsonl', first, '', line, ...rest);
    const { calls, err } = await counted([file]);
    expect(calls).toBe(3);
    expect(err).toContain(`openrtc: ${file}:3: skipped, ${why}`);
  });

  test('of many broken lines, the first are named and the others counted', async () => {
    const broken = Array.from({ length: 25 }, () => '{"schema');
    const file = await write('metrics.jsonl', ...broken, ...three());
    const { calls, err } = await counted([file]);
    expect(calls).toBe(3);
    expect(err.split('\n').filter((line) => line.includes(': skipped, '))).toHaveLength(10);
    expect(err).toContain('15 more lines skipped');
  });

  test.each<[string, readonly string[], string]>([
    ['is not there', ['/nowhere/metrics.jsonl'], '/nowhere/metrics.jsonl does not exist'],
    ['is a folder', ['/tmp'], '/tmp is not a regular file'],
    ['is in no folder', ['/tmp/*.nothing-is-called-so'], 'no file is called /tmp/*.nothing'],
  ])('one that %s is an error', async (_what, files, message) => {
    await expect(usage({ files })).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringContaining(message),
    });
  });

  test('without an ended call are exit code 1', async () => {
    const file = await write('metrics.jsonl', new WorkerLines().snapshot());
    expect(await usage({ files: [file] })).toMatchObject({
      code: 1,
      out: '',
      err: 'openrtc: no call has ended in 1 file\n',
    });
  });
});

describe('a call whose end is in no file', () => {
  const session = (jobId: string, more: object = {}) => {
    const call = { jobId, agent: 'sales', tenant: 'acme', room: 'lobby', durationMs: 4_000 };
    return { ...call, usage: [used({ inputTokens: 50 })], ...more };
  };
  /** One call has ended, one is seen twice, and one has only begun. */
  const killed = () => {
    const lines = new WorkerLines();
    return write(
      'metrics.jsonl',
      lines.started('AJ_1'),
      lines.started('AJ_2'),
      lines.snapshot([session('AJ_1'), session('AJ_2', { usage: [used({ inputTokens: 9 })] })]),
      lines.ended('AJ_1'),
      lines.snapshot([session('AJ_2')]),
      lines.started('AJ_3'),
    );
  };

  test('is not counted, and said', async () => {
    const { calls, tokens, err } = await counted([await killed()]);
    expect([calls, tokens]).toEqual([1, 100]);
    expect(err).toContain('openrtc: 2 calls without an end, not counted');
  });

  test('is counted on request, as it was seen last', async () => {
    const { json: found, err } = await json({
      files: [await killed()],
      by: ['tenant'],
      unfinished: true,
    });
    expect(found.groups).toMatchObject([
      {
        tenant: 'acme',
        calls: 3,
        unfinishedCalls: 2,
        callsWithoutUsage: 1,
        durationMs: 64_000,
        providers: [{ inputTokens: 150 }],
      },
    ]);
    expect(err).toContain('openrtc: 1 call with an unknown use of providers');
  });
});

describe('prices', () => {
  const prices = (value: object) => folder.write('prices.json', JSON.stringify(value));
  const llm = { kind: 'llm', inputPerMillion: 1, cachedInputPerMillion: 0.5, outputPerMillion: 2 };

  test('give the cost; what has none is empty, and said', async () => {
    const file = await write('metrics.jsonl', ...three());
    const path = await prices({
      currency: 'USD',
      prices: [llm, { kind: 'tts', audioPerMinute: 1 }],
    });
    const { rows, err } = await usage({ files: [file], prices: path });
    expect(rows.map(({ kind, cost, currency }) => [kind, cost, currency])).toEqual([
      ['session', undefined, undefined],
      ['llm', '0.00018', 'USD'],
      ['session', undefined, undefined],
      ['llm', '0.000007', 'USD'],
      ['stt', undefined, undefined],
      ['tts', '0.015', 'USD'],
    ]);
    expect(err).toBe('openrtc: no price for stt openai ears (audioPerMinute)\n');
    const byTenant = await usage({ files: [file], prices: path, by: ['tenant'] });
    expect(byTenant.rows.map(({ cost }) => cost)).toEqual(['0.00018', undefined]);
  });

  test('of the time of calls are added', async () => {
    const file = await write('metrics.jsonl', ...three().slice(0, 2));
    const path = await prices({ sessionPerMinute: 0.25, prices: [llm] });
    const { rows } = await usage({ files: [file], prices: path, by: ['tenant'] });
    expect(rows).toMatchObject([{ cost: '0.25009' }]);
  });

  test('do not make calls free whose usage is not known', async () => {
    const line = new WorkerLines().ended('AJ_1', { usage: undefined });
    const file = await write('metrics.jsonl', line);
    const { rows, err } = await usage({ files: [file], prices: await prices({}), by: ['tenant'] });
    expect(rows[0]).not.toHaveProperty('cost');
    expect(err).toContain('1 call with an unknown use of providers');
  });
});

test('names that a spreadsheet would calculate are quoted', async () => {
  const line = new WorkerLines().ended('AJ_1', { tenant: '-2+3', agent: '=cmd' });
  const file = await write('metrics.jsonl', line);
  const { out } = await usage({ files: [file], by: ['tenant', 'agent'] });
  expect(out.split('\r\n')[1]).toMatch(/^"'-2\+3","'=cmd",1,/);
});

test('the JSON matches its schema', async () => {
  const schema = JSON.parse(
    readFileSync(new URL('../../schemas/usage.schema.json', import.meta.url), 'utf8'),
  ) as Schema & { $defs: Record<'group' | 'usage', Schema> };
  interface Schema {
    readonly required: readonly string[];
    readonly properties: object;
  }
  const fits = (value: object, { required, properties }: Schema) => {
    expect(Object.keys(properties)).toEqual(expect.arrayContaining(Object.keys(value)));
    expect(Object.keys(value)).toEqual(expect.arrayContaining([...required]));
  };
  const file = await write('metrics.jsonl', ...three());
  const { json: found } = await json({ files: [file], by: ['tenant', 'agent', 'day'] });
  fits(found, schema);
  for (const group of found.groups) {
    fits(group, schema.$defs.group);
    for (const each of group.providers) fits(each, schema.$defs.usage);
  }
});

test('a stdin that cannot be read is an error', async () => {
  const host = memoryHost();
  host.stdin.destroy(Object.assign(new Error('is a folder'), { code: 'EISDIR' }));
  await expect(run({ flags: { files: ['-'] }, host })).rejects.toMatchObject({
    name: 'UsageError',
    message: 'stdin cannot be read (EISDIR)',
  });
});

test('--from after --to is wrong', async () => {
  await expect(usage({ files: ['x'], from: 5, to: 5 })).rejects.toThrow('--from must be before');
});

test('of a hundred thousand lines hardly anything is kept', async () => {
  const lines = new WorkerLines();
  const parts: string[] = [];
  for (let at = 0; at < 50_000; at += 1) parts.push(lines.snapshot(), lines.ended(`AJ_${at}`));
  const path = await write('metrics.jsonl', ...parts);
  let calls = 0;
  const log = new CallLog(() => (calls += 1));
  let most = 0;
  await readLines(
    createReadStream(path),
    (line) => {
      log.add(line);
      most = Math.max(most, log.held);
    },
    () => {},
  );
  expect(calls).toBe(50_000);
  // One range of lines that were read.
  expect(most).toBe(1);
  expect(await counted([path])).toMatchObject({ calls: 50_000, tokens: 5_000_000 });
});
