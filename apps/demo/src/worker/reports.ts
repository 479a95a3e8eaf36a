import { voice } from '@livekit/agents';
import type { AgentPool, SessionObserver, SessionSetup } from '@openrtc/core';
import { setTimeout as sleep } from 'node:timers/promises';

import type { FromWorker, Words } from './messages.js';

const POLL_MS = 50;

/** Sends a message to the demo, if it is connected. */
function send(message: FromWorker): void {
  if (process.connected) process.send?.(message);
}

/** Reports the start and the end of calls. */
export const reportCalls: SessionObserver = {
  onSessionStart: (info) => send({ type: 'started', info: { ...info } }),
  onSessionEnd: (info, outcome) => send({ type: 'ended', info: { ...info }, outcome }),
};

/** Reports what is said in a call, the tools its agent uses, and the turn detector's judgements. */
export const reportWords: SessionSetup = (_ctx, session, { jobId, room, agent }) => {
  const say = (from: Words['from'], text: string): void => {
    send({ type: 'words', words: { jobId, room, agent, from, text } });
  };
  session.on(voice.AgentSessionEventTypes.ConversationItemAdded, ({ item }) => {
    if (item.type !== 'message' || !item.textContent) return;
    if (item.role === 'user') say('caller', item.textContent);
    if (item.role === 'assistant') say('agent', item.textContent);
  });
  session.on(voice.AgentSessionEventTypes.EotPrediction, ({ probability, threshold }) => {
    send({ type: 'turn', turn: { room, finished: probability >= threshold } });
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

/** Reports the state on request, and when the pool is registered. The worker ends with the demo. */
export function reportState(pool: AgentPool): void {
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    send({
      type: 'state',
      snapshot: pool.runtimeSnapshot(),
      rssBytes: process.memoryUsage.rss(),
      cpuMs: (user + system) / 1_000,
    });
  });
  process.once('disconnect', () => process.exit(99));
  // The channel to the demo must not keep a drained worker alive.
  process.channel?.unref();
  void reportRegistered(pool);
}

async function reportRegistered(pool: AgentPool): Promise<void> {
  while (pool.runtimeSnapshot().livekit.state !== 'registered') {
    await sleep(POLL_MS, undefined, { ref: false });
  }
  send({ type: 'registered', agents: pool.listAgents().map(({ name }) => name) });
}
