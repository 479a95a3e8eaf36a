import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import { terminalJson } from '../../terminal-text.js';
import { initialView } from './top-view.js';
import { topJson } from './top-json.js';
import type { WatchedWorker } from './watched-workers.js';
import { call, live, report, tenCalls } from './workers.fixture.js';

interface Schema {
  readonly required?: readonly string[];
  readonly properties?: object;
}
const schema = JSON.parse(
  readFileSync(new URL('../../../schemas/top.schema.json', import.meta.url), 'utf8'),
) as Schema & { $defs: Record<'worker' | 'facts' | 'call' | 'block', Schema> };

const state = (workers: readonly WatchedWorker[]) => ({ workers, problems: [], nowMs: 0 });

function fits(value: object | null | undefined, { required = [], properties = {} }: Schema): void {
  expect(Object.keys(value ?? {}).toSorted()).toEqual(Object.keys(properties).toSorted());
  expect(Object.keys(properties)).toEqual(expect.arrayContaining([...required]));
}

test('the document matches its schema', () => {
  const [one, other] = tenCalls();
  const silent: WatchedWorker = {
    ...(other as WatchedWorker),
    state: 'silent',
    problem: 'no answer',
  };
  const gone: WatchedWorker = { ...live(report([], {}, 3)), state: 'gone' };
  const document = topJson(state([one as WatchedWorker, silent, gone]), initialView({}));
  fits(document, schema);
  expect(document.workers.map((worker) => [worker.pid, worker.state, worker.problem])).toEqual([
    [100, 'live', null],
    [200, 'silent', 'no answer'],
  ]);
  for (const worker of document.workers) {
    fits(worker, schema.$defs.worker);
    fits(worker.facts, schema.$defs.facts);
  }
  for (const each of document.calls) fits(each, schema.$defs.call);
  const [slow] = document.calls;
  fits(slow?.lastBlock, schema.$defs.block);
  expect(slow).toMatchObject({
    state: 'slow',
    basis: 'shared',
    lastBlock: { place: 'lookUp (tools.js:12)', function: 'lookUp', line: 12, cause: 'code' },
  });
});

test('as text it cannot control the terminal and has the same value', () => {
  const room = '\u001B[2J\u009B\u202E\u007F\u{E0041}東京\n';
  const document = topJson(state([live(report([call({ room })]))]), initialView({}));
  const text = terminalJson(JSON.stringify(document, undefined, 2));
  expect(text).not.toMatch(/[^\P{Cc}\n]|[\p{Cf}\u2028\u2029]/u);
  expect(JSON.parse(text)).toEqual(document);
});
