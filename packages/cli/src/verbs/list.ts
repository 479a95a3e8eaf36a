import type { AgentPool } from '@openrtc/core';
import { readFileSync, statSync } from 'node:fs';

import { exitCode } from '../exit-code.js';
import { agentSettings } from '../options/pool-settings.js';
import { UsageError } from '../usage-error.js';
import { type AgentList, type Resources, describeAgents } from './list/agent-list.js';
import { plainList, tableList } from './list/list-text.js';
import type { VerbContext } from './verb-context.js';

/** `list`: prints the agents and their models. Starts nothing and loads no model. */
export async function run({ flags, host, load }: VerbContext): Promise<number> {
  if (flags.json && flags.plain) throw new UsageError('use --json or --plain, not both');
  // The user's modules may write to stdout at their top level.
  const restore = divertStdout();
  let list: AgentList;
  try {
    const { pool } = await load((core) => core.startLogs({ pretty: false, level: 'silent' }));
    pool.configure(agentSettings(flags));
    list = listOf(pool, flags.resources ?? false);
  } finally {
    restore();
  }
  host.stdout.write(`${render(list, flags)}\n`);
  return exitCode.done;
}

function listOf(pool: AgentPool, withResources: boolean): AgentList {
  const agents = describeAgents(pool.listAgents(), pool.defaults);
  if (!withResources) return { schemaVersion: 1, command: 'list', agents };
  const sized = agents.map((agent) => {
    const { sourcePath } = agent;
    return sourcePath === null ? agent : { ...agent, sourceBytes: statSync(sourcePath).size };
  });
  const known = sized.filter(({ sourceBytes }) => sourceBytes !== undefined);
  return {
    schemaVersion: 1,
    command: 'list',
    agents: sized,
    resources: {
      agentCount: agents.length,
      totalSourceBytes: known.reduce((sum, { sourceBytes = 0 }) => sum + sourceBytes, 0),
      agentsWithKnownSource: known.length,
      memory: memoryOfProcess(),
    },
  };
}

function render(list: AgentList, { json, plain }: VerbContext['flags']): string {
  if (json) return JSON.stringify(list, undefined, 2);
  return (plain ? plainList(list) : tableList(list)).join('\n');
}

/** Sends writes to stdout to stderr, until the returned function is called: stdout is for programs. */
function divertStdout(): () => void {
  const write: unknown = Reflect.get(process.stdout, 'write');
  Reflect.set(process.stdout, 'write', process.stderr.write.bind(process.stderr));
  return () => void Reflect.set(process.stdout, 'write', write);
}

function memoryOfProcess(): Resources['memory'] {
  return { rssBytes: process.memoryUsage.rss(), pssBytes: pssBytes() };
}

/** PSS: the memory of this process, with its share of what it has in common with others. Linux only. */
function pssBytes(): number | null {
  try {
    const rollup = readFileSync('/proc/self/smaps_rollup', 'utf8');
    const [, kib] = /^Pss:\s+(\d+) kB$/m.exec(rollup) ?? [];
    return kib === undefined ? null : Number(kib) * 1_024;
  } catch {
    // Another system, or access is forbidden: the list shows that there is no figure.
    return null;
  }
}
