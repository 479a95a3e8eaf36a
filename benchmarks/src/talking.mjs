import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from './statistics.mjs';

// The greeting is over, and a process that was started in place of the one that took the call is ready.
const NEXT_MS = 3_000;

/** A caller in a room of its own, once the agent can be heard there. */
export async function call({ server, callers, room }) {
  const startedAtMs = Date.now();
  const caller = await callers.join({
    url: server.url,
    token: await server.createToken('caller', room),
  });
  // Not the greeting: on a machine that is busy with starts a caller may hear the agent too late for it.
  const audible = await caller.waitForEvent('agentAudible', { timeoutMs: 60_000 });
  return { caller, joinMs: Math.round(audible.atMs - startedAtMs) };
}

/** Callers one after the other: each comes when the one before has had its greeting. */
export async function callOneByOne(options, calls) {
  const all = [];
  for (let index = 0; index < calls; index += 1) {
    all.push(await call({ ...options, room: `${options.room}-${index}` }));
    await sleep(NEXT_MS);
  }
  return all;
}

/** Callers all at once. */
export function callTogether(options, calls) {
  return Promise.all(
    Array.from({ length: calls }, (_, index) =>
      call({ ...options, room: `${options.room}-${index}` }),
    ),
  );
}

/** The turns of all callers for `seconds`: see {@link turn}. */
export async function talkAll(callers, seconds) {
  const deadline = performance.now() + seconds * 1_000;
  return (await Promise.all(callers.map((caller) => talk(caller, deadline)))).flat();
}

async function talk(caller, deadline) {
  const turns = [];
  while (performance.now() < deadline) {
    turns.push(await turn(caller));
    // The answer's rest, and a breath.
    await sleep(3_000);
  }
  return turns;
}

/** Milliseconds from a caller's last word to the answer's first sound; undefined for none in 10 s. */
export async function turn(caller, options = {}) {
  const { endedAtMs } = await caller.speak('order', options);
  try {
    const { startedAtMs } = await caller.waitForAudio({ minMs: 200, timeoutMs: 10_000 });
    return startedAtMs - endedAtMs;
  } catch (error) {
    if (!/^Waited \d+ ms/.test(error.message)) throw error;
    return undefined;
  }
}

/** How turns went, for a report. */
export function turnFacts(turns) {
  const answered = turns.filter((each) => each !== undefined);
  return {
    turns: answered.length,
    turnsMissed: turns.length - answered.length,
    turnMsP50: Math.round(percentile(answered, 0.5)),
    turnMsP95: Math.round(percentile(answered, 0.95)),
  };
}
