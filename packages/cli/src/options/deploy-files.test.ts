import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import { readCommandLine } from '../program.js';
import { memoryHost } from '../memory-host.fixture.js';
import { duration } from './option-row.js';
import { readFlags } from './read-flags.js';
import { optionTable, rowsOf } from './table.js';

function text(name: string): string {
  return readFileSync(new URL(`../../../../docs/deploy/${name}`, import.meta.url), 'utf8');
}

const unit = text('openrtc@.service');
const dockerfile = text('Dockerfile');
const manifest = text('kubernetes.yaml');

/** The variables of the command that a file sets, with their values. */
function variables(file: string): Readonly<Record<string, string>> {
  const set = /(OPENRTC_[A-Z_]+)(?:=|, value: )'?([^'\s}]+)/g;
  return Object.fromEntries(
    [...file.matchAll(set)].map(([, name = '', value = '']) => [name, value]),
  );
}

/** The option values that a worker reads from them. `%i` is the port. */
function read(args: string, env: Readonly<Record<string, string>>) {
  const host = memoryHost();
  const invocation = readCommandLine(args.split(' '), host, { version: () => '1' });
  if (invocation.kind !== 'verb') throw new Error(host.err());
  const values = Object.entries(env).map(([name, value]) => [name, value.replace('%i', '8081')]);
  return readFlags(invocation.verb, invocation.given, invocation.words, Object.fromEntries(values));
}

test('the deploy files set variables that a worker reads', () => {
  const known = rowsOf('start').flatMap(([, { env }]) => (env === undefined ? [] : [env]));
  for (const file of [unit, dockerfile, manifest]) {
    const names = Object.keys(variables(file));
    expect(names).not.toEqual([]);
    // Read by core: the folder of its socket.
    expect([...known, 'OPENRTC_RUNTIME_DIR']).toEqual(expect.arrayContaining(names));
  }
});

test('the deploy files start workers that answer their probes', () => {
  const [, unitArgs = ''] = /^ExecStart=\S+\/openrtc (.+)$/m.exec(unit) ?? [];
  expect(read(unitArgs, variables(unit))).toMatchObject({ agentsDir: './agents', port: 8_081 });
  const [, imageArgs = ''] = /^CMD \[(.+)\]$/m.exec(dockerfile) ?? [];
  const start = imageArgs.replaceAll(/[",]/g, '');
  expect(read(start, variables(dockerfile))).toMatchObject({ host: '0.0.0.0' });
  const [, podArgs = ''] = /^ +args: \[(.+)\]$/m.exec(manifest) ?? [];
  expect(read(podArgs.replaceAll(',', ''), variables(manifest))).toMatchObject({
    agentsDir: './agents',
    host: '0.0.0.0',
    port: Number(/containerPort: (\d+)/.exec(manifest)?.[1]),
  });
  expect(dockerfile).toContain(`EXPOSE ${optionTable.port.default.split(';')[0]}\n`);
});

test('the deploy files wait longer than a drain takes', () => {
  // When everything hangs: calls 32 s, their reports 5 s, parts 20 s, operations 5 s, see core's worker/ending.ts.
  const endingMs = 62_000;
  const drainOf = (file: string) => duration(variables(file)['OPENRTC_DRAIN_TIMEOUT'] ?? '');
  const grace = Number(/terminationGracePeriodSeconds: (\d+)/.exec(manifest)?.[1]) * 1_000;
  expect(grace).toBeGreaterThanOrEqual(drainOf(manifest) + endingMs);
  const stop = duration(/^TimeoutStopSec=(\d+m)in$/m.exec(unit)?.[1] ?? '');
  expect(stop).toBeGreaterThanOrEqual(drainOf(unit) + endingMs);
});
