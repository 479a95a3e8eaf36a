import { voice } from '@livekit/agents';
import type { AgentPool, SessionObserver, SessionSetup } from '@openrtc/core';
import { setTimeout as sleep } from 'node:timers/promises';

import type { FromWorker, Words } from './messages.js';

const POLL_MS = 50;

/** Sends the demo a message, if it is there. */
function tell(message: FromWorker): void {
  if (process.connected) process.send?.(message);
}

/** Tells when a call begins and how it ended. */
export const tellCalls: SessionObserver = {
  onSessionStart: (info) => tell({ type: 'started', info: { ...info } }),
  onSessionEnd: (info, outcome) => tell({ type: 'ended', info: { ...info }, outcome }),
};

/** Tells what is said in a call, which tools its agent uses, and what its turn detector thinks. */
export const tellWords: SessionSetup = (_ctx, session, { jobId, room, agent }) => {
  const say = (from: Words['from'], text: string): void => {
    tell({ type: 'words', words: { jobId, room, agent, from, text } });
  };
  session.on(voice.AgentSessionEventTypes.ConversationItemAdded, ({ item }) => {
    if (item.type !== 'message' || !item.textContent) return;
    if (item.role === 'user') say('caller', item.textContent);
    if (item.role === 'assistant') say('agent', item.textContent);
  });
  session.on(voice.AgentSessionEventTypes.EotPrediction, ({ probability, threshold }) => {
    tell({ type: 'turn', turn: { room, finished: probability >= threshold } });
  });
  session.on(
    voice.AgentSessionEventTypes.FunctionToolsExecuted,
    ({ functionCalls, functionCallOutputs }) => {
      functionCalls.forEach(({ name, args }, index) => {
        say('tool', `${name}(${args}) -> ${functionCallOutputs[index]?.output ?? 'nothing'}`);
      });
    },
  );
};

/** Answers what the demo asks, and tells it when the pool is registered; ends with the demo. */
export function tellState(pool: AgentPool): void {
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    tell({
      type: 'state',
      snapshot: pool.runtimeSnapshot(),
      rssBytes: process.memoryUsage.rss(),
      cpuMs: (user + system) / 1_000,
    });
  });
  process.once('disconnect', () => process.exit(99));
  // The wish to hear more of the demo must not keep a drained worker alive.
  process.channel?.unref();
  void tellRegistered(pool);
}

async function tellRegistered(pool: AgentPool): Promise<void> {
  while (pool.runtimeSnapshot().livekit.state !== 'registered') {
    await sleep(POLL_MS, undefined, { ref: false });
  }
  tell({ type: 'registered', agents: pool.listAgents().map(({ name }) => name) });
}
