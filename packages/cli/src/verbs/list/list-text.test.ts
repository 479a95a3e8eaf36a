import { expect, test } from 'vitest';

import type { AgentList } from './agent-list.js';
import { plainList, tableList } from './list-text.js';

const list: AgentList = {
  schemaVersion: 1,
  command: 'list',
  agents: [
    {
      name: 'restaurant',
      class: 'Restaurant',
      stt: null,
      llm: 'openai/gpt-4.1-mini',
      tts: '<factory>',
      greeting: 'Welcome to reservations, what can I do for you?',
      sourcePath: '/agents/restaurant.ts',
    },
    {
      name: 'support',
      class: '<factory>',
      stt: null,
      llm: null,
      tts: null,
      greeting: { instructions: 'Greet\nthem.' },
      sourcePath: null,
    },
  ],
};

test('the table has a column for each fact and cuts long texts', () => {
  expect(tableList(list)).toEqual([
    'NAME        CLASS       STT  LLM                  TTS        GREETING',
    'restaurant  Restaurant  -    openai/gpt-4.1-mini  <factory>  Welcome to reservations, what can I…',
    'support     <factory>   -    -                    -          <phrased> Greetthem.',
  ]);
});

test('plain is one line per agent', () => {
  expect(plainList(list)).toEqual([
    'restaurant: class=Restaurant, stt=-, llm=openai/gpt-4.1-mini, tts=<factory>, greeting="Welcome to reservations, what can I do for you?"',
    'support: class=<factory>, stt=-, llm=-, tts=-, greeting="<phrased> Greet\\nthem."',
  ]);
});

test('resources add a column and a total', () => {
  const [first] = list.agents;
  const sized: AgentList = {
    ...list,
    agents: [{ ...(first as (typeof list.agents)[0]), sourceBytes: 512 }, ...list.agents.slice(1)],
    resources: {
      agentCount: 2,
      totalSourceBytes: 512,
      agentsWithKnownSource: 1,
      memory: { rssBytes: 100 * 1_048_576, pssBytes: null },
    },
  };
  expect(tableList(sized)[1]).toMatch(/ 512 B$/);
  expect(tableList(sized)[2]).toMatch(/ -$/);
  expect(plainList(sized).at(-1)).toBe(
    '2 agents, 512 bytes of source. This process, with all of them loaded and none running: 100.0 MiB RSS.',
  );
});

test('characters that control the terminal are removed', () => {
  const hostile = {
    ...list.agents[0],
    greeting: '\u001B]0;x\u0007hi\u202E',
  } as (typeof list.agents)[0];
  for (const lines of [tableList, plainList]) {
    const shown = lines({ ...list, agents: [hostile] }).join('');
    for (const character of ['\u001B', '\u0007', '\u202E']) expect(shown).not.toContain(character);
  }
});
