import type { AgentPool } from '@openrtc/core';
import { statSync } from 'node:fs';

import { exitCode } from '../exit-code.js';
import { agentSettings } from '../options/pool-settings.js';
import { UsageError } from '../usage-error.js';
import { describeAgents, type ListedAgent } from './list/agent-list.js';
import { memoryOfProcess } from './list/memory.js';
import { plainList, tableList } from './list/list-text.js';
import { divertStdout } from './divert-stdout.js';
import type { VerbContext } from './verb-context.js';

/** What `list --json` prints; see schemas/list.schema.json. */
export interface AgentList {
  readonly schemaVersion: 1;
  readonly command: 'list';
  readonly agents: readonly ListedAgent[];
  /** With `--resources`. */
  readonly resources?: Resources;
}

/** What the agents take. */
export interface Resources {
  readonly agentCount: number;
  /** Of the files of the agents themselves, not of what they import. */
  readonly totalSourceBytes: number;
  readonly agentsWithKnownSource: number;
  /** Of this process, with all agents loaded and none running. */
  readonly memory: { readonly rssBytes: number; readonly pssBytes: number | null };
}

/** `list`: the agents, with what they are made of. Starts nothing, loads no model. */
export async function run({ flags, host, load }: VerbContext): Promise<number> {
  if (flags.json && flags.plain) throw new UsageError('--json or --plain, not both');
  // What the user's modules write at their top level does not belong into the list.
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
