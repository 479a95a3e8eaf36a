import { printable } from '@openrtc/core/operate';

import { MIB, counted } from '../../live/figures.js';
import type { AgentList, ListedAgent } from './agent-list.js';

const COLUMNS = ['NAME', 'CLASS', 'STT', 'LLM', 'TTS', 'GREETING'] as const;
const MAX_CELL_WIDTH = 36;

/** One line per agent, in a stable format. */
export function plainList({ agents, resources }: AgentList): readonly string[] {
  const lines = agents.map((agent) => {
    const facts = [
      `class=${agent.class}`,
      `stt=${agent.stt ?? '-'}`,
      `llm=${agent.llm ?? '-'}`,
      `tts=${agent.tts ?? '-'}`,
      `greeting=${agent.greeting === null ? '-' : JSON.stringify(greetingOf(agent))}`,
      ...(agent.sourceBytes === undefined ? [] : [`source=${agent.sourceBytes}`]),
    ];
    return `${agent.name}: ${facts.map((fact) => printable(fact, 256)).join(', ')}`;
  });
  return [...lines, ...resourceLines(resources)];
}

/** The same as a table for people. */
export function tableList({ agents, resources }: AgentList): readonly string[] {
  const sized = resources !== undefined;
  const titles: readonly string[] = sized ? [...COLUMNS, 'SOURCE'] : COLUMNS;
  const rows = agents.map((agent) => [
    ...[agent.name, agent.class, agent.stt, agent.llm, agent.tts, greetingOf(agent)].map((cell) =>
      printable(cell ?? '-', MAX_CELL_WIDTH),
    ),
    ...(sized ? [agent.sourceBytes === undefined ? '-' : `${agent.sourceBytes} B`] : []),
  ]);
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(titles), ...rows.map(line), ...resourceLines(resources)];
}

function greetingOf({ greeting }: ListedAgent): string | null {
  return greeting === null || typeof greeting === 'string'
    ? greeting
    : `<phrased> ${greeting.instructions}`;
}

function resourceLines(resources: AgentList['resources']): readonly string[] {
  if (resources === undefined) return [];
  const { agentCount, totalSourceBytes, memory } = resources;
  const pss = memory.pssBytes === null ? '' : `, ${mib(memory.pssBytes)} PSS`;
  return [
    '',
    `${counted(agentCount, 'agent')}, ${totalSourceBytes} bytes of source. This process, with all of them loaded and none running: ${mib(memory.rssBytes)} RSS${pss}.`,
  ];
}

function mib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}
