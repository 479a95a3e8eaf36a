import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from './statistics.mjs';

// By then the greeting is over, and a new process has replaced the one that took the call.
const NEXT_MS = 3_000;

/** Calls from a new room; resolves once the agent can be heard there. */
export async function call({ server, callers, room }) {
  const startedAtMs = Date.now();
  const caller = await callers.join({
    url: server.url,
    token: await server.createToken('caller', room),
  });
  // It does not wait for the greeting: on a busy machine a caller may hear the agent too late for that.
  const audible = await caller.waitForEvent('agentAudible', { timeoutMs: 60_000 });
  return { caller, joinMs: Math.round(audible.atMs - startedAtMs) };
}

/** Calls one after the other: each starts after the greeting of the one before. */
export async function callOneByOne(options, calls) {
  const all = [];
  for (let index = 0; index < calls; index += 1) {
    all.push(await call({ ...options, room: `${options.room}-${index}` }));
    await sleep(NEXT_MS);
  }
  return all;
}

/** Calls that all start at once. */
export function callTogether(options, calls) {
  return Promise.all(
    Array.from({ length: calls }, (_, index) =>
      call({ ...options, room: `${options.room}-${index}` }),
    ),
  );
}

/** Lets all callers talk for `seconds`; resolves with their turns, see {@link turn}. */
export async function talkAll(callers, seconds) {
  const deadline = performance.now() + seconds * 1_000;
  return (await Promise.all(callers.map((caller) => talk(caller, deadline)))).flat();
}

async function talk(caller, deadline) {
  const turns = [];
  while (performance.now() < deadline) {
    turns.push(await turn(caller));
    // The rest of the answer, and a short pause.
    await sleep(3_000);
  }
  return turns;
}

/** Milliseconds from a caller's last word to the first sound of the answer; undefined without one within 10 s. */
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

/** The turns in figures, for reports. */
export function turnFacts(turns) {
  const answered = turns.filter((each) => each !== undefined);
  return {
    turns: answered.length,
    turnsMissed: turns.length - answered.length,
    turnMsP50: Math.round(percentile(answered, 0.5)),
    turnMsP95: Math.round(percentile(answered, 0.95)),
  };
}
