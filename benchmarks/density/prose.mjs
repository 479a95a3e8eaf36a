import { PHASE_MS } from './audio/line.mjs';
import { beyondHeld, largestBoth } from './figures.mjs';
import { WITHIN, limits } from './spoken-rows.mjs';
import { SESSION_MB } from './stub-rows.mjs';

/** What was found, in the order of what people ask. Nothing here is extrapolated. */
export function headline(run, { stubPss, talking, search }) {
  const lines = [];
  const top = stubPss.findLast(({ coroutineEach }) => coroutineEach !== undefined);
  if (top !== undefined)
    lines.push(
      `**${top.sessions} sessions that hold ${SESSION_MB} MiB each take ${number(top.coroutine.median)} MiB of PSS in one process**: ${number(top.coroutineEach, 1)} MiB a session, ${number(beyondHeld(top.coroutineEach), 1)} of it beyond what they hold. The worker alone is ${number(stubPss[0].coroutine.median)}.`,
    );
  const both = largestBoth(stubPss);
  if (both !== undefined)
    lines.push(
      `**A process a session takes ${number(both.process.median / both.coroutine.median, 1)} times as much**: ${number(both.process.median)} to ${number(both.coroutine.median)} MiB at ${both.sessions} sessions, the most that was measured both ways.`,
    );
  const alive = talking.at(-1);
  if (search.fraction !== undefined)
    lines.push(
      `**${alive.sessions} real sessions with VAD are alive in one process at ${inWords(search.fraction, 3)} of real time**, in ${number(alive.pss.median)} MiB of PSS, or ${number(alive.touched.median)} once every buffer is written to. At that share about ${number(search.fraction.median * alive.sessions)} callers are on the line at any time, and every turn is answered.`,
    );
  if (search.realTime !== undefined)
    lines.push(
      `**At real time one process holds ${inWords(search.realTime)} sessions**, every one with a caller on the line all the time.`,
    );
  lines.push(
    `"Holds" is: event-loop use at most ${limits.loopUse}, its lag at most ${limits.lagP99Ms} ms (p99), and every turn answered.`,
  );
  return ['## In short', ...lines.map((line) => `- ${line}`)].join('\n').replace('\n', '\n\n');
}

/** How it was measured, for somebody who was not there. */
export function how(run, { search }) {
  const { options } = run;
  const seconds = (ms) => number(ms / 1_000, 1);
  return [
    '## How it was measured',
    `Begun on ${run.startedAt.slice(0, 10)} with \`${run.command}\`, ${run.minutes} minutes. ${run.hardware}, \`@livekit/agents\` ${run.agents}, \`@livekit/rtc-node\` ${run.rtcNode}${run.commit === undefined ? '' : `, commit ${run.commit}`}. ${others(run)} Raw figures: [results.json](results.json).`,
    `**Every row is a fresh worker**, a process of its own that is looked at from outside (\`/proc/<pid>/smaps_rollup\` of it and all its processes). The LiveKit endpoint and the callers are in the benchmark's own process and do not count. The endpoint is the embedded one of \`@openrtc/core/testing\`: offers, assignments and rooms as with LiveKit, over WebSockets on this machine, without WebRTC. So a session goes the whole way of a call, and joins a room that carries words and no audio. \`MALLOC_ARENA_MAX=2\`, \`NODE_ENV=production\`.`,
    `**${SESSION_MB} MiB a session.** \`setup()\` of the pool gives each session ${SESSION_MB} MiB; nobody speaks. Calls come until all are there, and memory is read once it stands still, first with the ${SESSION_MB} MiB only allocated, then with every byte written: the tables are of the latter unless they say otherwise. Nothing is let go before, so that is the peak but for garbage. Under \`processes()\` one worker goes up through the numbers of sessions with memory untouched and down again with it written, every session in a fresh process either way; no process is kept ready beside those with calls, but the one a worker starts with, which is in the row of 0 and which the first call takes; "of it a session" is counted from the worker alone. It is the harness of OpenRTC for Python (a job that holds ${SESSION_MB} MiB) with two differences: a session here is a whole one, with its room, its \`JobContext\` and its \`AgentSession\`; and all are held until the last is up, where that one lets each go after a second.`,
    `**Real sessions.** \`AgentSession\`s as the pool makes them, with the SDK's bundled VAD by \`models()\` of \`@openrtc/prewarm\`, turns by VAD, and providers that cost next to nothing (a script, an echo, a tone). \`setup()\` gives them ears and a mouth in place of a room's: speech from a recording in frames of 32 ms at 16 kHz, and an output that takes words as fast as they are played and counts. A turn is ${seconds(PHASE_MS)} s: the caller speaks 2.4 s and is silent while the agent answers. Turns are cut into real time, never stretched, because VAD and endpointing count it: at a share f of real time a session hears a whole turn as it would in a call, and then nothing for (1 / f − 1) turns, and the sessions' turns are spread evenly. So at every moment f × sessions have a caller on the line. At 1 every session always hears its caller. A turn is missed when its answer has not begun before its end.`,
    `A row runs ${seconds(PHASE_MS)} s to warm up and is measured for ${seconds(options.measureMs)} s. The search for the largest share at ${search.most} sessions runs in one worker, from below, to ${number(WITHIN * 100)} %; what it found then runs on until every session has had a turn, and that is the row in the table: a session that has not had one is smaller. "Heard so far" is how much audio a session had been given by then, on average. The search at real time has a fresh worker for each number. The first round searches; those after it try what it has found, and less where that does not hold. Lag is what \`monitorEventLoopDelay\` (10 ms) says beyond its own interval. "Every buffer touched" is PSS and what it grew by when, at the end of a row, every page of every \`ArrayBuffer\` in the process was written to: most of it is the speech buffer of the VAD, which is mapped whole and used as far as callers speak.`,
    searches(run),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** What nobody should read into it. */
export function limitsOfIt(run) {
  const lines = [
    'What a call costs with WebRTC: encoding, decoding and the network are not in it, and are most of the CPU of a call. `pnpm bench:calls` has that.',
    'That a machine holds 500 calls. It holds 500 sessions, of which the share of real time says how many can talk at once; the rest of them hear nothing, where callers of a real room are heard all the time.',
    'What sessions with real providers cost: clients of STT, LLM and TTS have buffers and sockets of their own.',
    'What a session takes after a long call: memory grows with what it has heard, and these have heard what the table says.',
    'What calls leave behind when they end: `npm run soak` looks for that.',
    'Anything of a number that is marked as extrapolated: it is arithmetic from the largest that was measured.',
    'What PSS would be without other Node processes: the benchmark itself is one, and shares the pages of the binary with the worker.',
  ];
  if (run.missing.length > 0) lines.push(`Not measured in this run: ${run.missing.join(', ')}.`);
  return ['## What it does not say', lines.map((line) => `- ${line}`).join('\n')].join('\n\n');
}

function others({ rows }) {
  const cores = Object.values(rows).flatMap(({ othersCores }) => othersCores ?? []);
  return cores.length === 0
    ? ''
    : `What else ran on the machine used up to ${number(Math.max(...cores), 2)} cores during a row.`;
}

function searches({ rows }) {
  const lines = Object.entries(rows)
    .filter(([, { tried }]) => tried !== undefined)
    .map(([id, { tried, complete }]) => {
      const steps = tried.map(
        ({ number: tried_, holds, loopUse }) =>
          `${tried_} ${holds ? 'holds' : 'does not'} (${loopUse})`,
      );
      return `- ${id}: ${steps.join(', ')}${complete ? '' : '; out of time'}`;
    });
  return lines.length === 0
    ? ''
    : `What the searches tried, callers on the line at once and event-loop use:\n\n${lines.join('\n')}`;
}

/** `median (lowest–highest)`; only the value where all runs agree, or a note that there was one run. */
export function inWords(found, digits = 0) {
  if (found === undefined) return '–';
  const text = (value) => number(value, digits);
  if (found.runs === 1) return `${text(found.median)} (one run)`;
  if (text(found.least) === text(found.most)) return text(found.median);
  return `${text(found.median)} (${text(found.least)}–${text(found.most)})`;
}

export function number(value, digits = 0) {
  return value.toFixed(digits);
}
