import { LIVEKIT_SERVER_VERSION } from '@openrtc/test-rig';
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { machine, versionOf } from '../src/machine.mjs';
import { ARRIVAL_MS, MANNERS, MORE_JOINS } from './measure-row.mjs';

/** A run as `results.json` has it: date, machine, versions, method and rows. */
export async function describeRun({ args, plan, said, versions, missing, rows }) {
  return {
    date: new Date().toISOString(),
    machine: `${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${machine}`,
    command: ['pnpm bench:calls', ...args].join(' '),
    versions: { ...(await installed()), ...versions },
    plan,
    how: { ...MANNERS, speechMs: said.durationMs, arrivalMs: ARRIVAL_MS, moreJoins: MORE_JOINS },
    missing,
    rows,
  };
}

async function installed() {
  const go = await readFile(new URL('./callers-go/go.mod', import.meta.url), 'utf8');
  const python = await readFile(new URL('./python/requirements.txt', import.meta.url), 'utf8');
  const pinned = (name) => new RegExp(`^${name}(?:\\[\\w+\\])?==(\\S+)`, 'm').exec(python)?.[1];
  return {
    openrtc: versionOf('@openrtc/core'),
    '@livekit/agents': versionOf('@livekit/agents'),
    '@livekit/rtc-node': versionOf('@livekit/rtc-node'),
    'livekit-server': LIVEKIT_SERVER_VERSION,
    'server-sdk-go': /server-sdk-go\/v2 (\S+)/.exec(go)?.[1],
    'openrtc (PyPI)': pinned('openrtc'),
    'livekit-agents (PyPI)': pinned('livekit-agents'),
  };
}
