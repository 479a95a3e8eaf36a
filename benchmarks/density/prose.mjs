import { PHASE_MS } from './audio/line.mjs';
import { beyondHeld, largestBoth } from './figures.mjs';
import { WITHIN, limits } from './spoken-rows.mjs';
import { SESSION_MB } from './stub-rows.mjs';

/** The main results. Nothing here is extrapolated. */
export function headline(run, { stubPss, talking, search }) {
  const lines = [];
  const top = stubPss.findLast(({ coroutineEach }) => coroutineEach !== undefined);
  if (top !== undefined)
    lines.push(
      `**${top.sessions} sessions that hold ${SESSION_MB} MiB each use ${number(top.coroutine.median)} MiB of PSS in one process**: ${number(top.coroutineEach, 1)} MiB per session, ${number(beyondHeld(top.coroutineEach), 1)} of it in addition to what they hold. The worker alone uses ${number(stubPss[0].coroutine.median)}.`,
    );
  const both = largestBoth(stubPss);
  if (both !== undefined)
    lines.push(
      `**One process per session uses ${number(both.process.median / both.coroutine.median, 1)} times as much**: ${number(both.process.median)} instead of ${number(both.coroutine.median)} MiB at ${both.sessions} sessions, the largest number that was measured both ways.`,
    );
  const alive = talking.at(-1);
  if (search.fraction !== undefined)
    lines.push(
      `**${alive.sessions} real sessions with VAD live in one process at ${inWords(search.fraction, 3)} of real time**, in ${number(alive.pss.median)} MiB of PSS, or ${number(alive.touched.median)} once every buffer has been written to. At that share about ${number(search.fraction.median * alive.sessions)} callers are on the line at any time, and every turn is answered.`,
    );
  if (search.realTime !== undefined)
    lines.push(
      `**In real time one process holds ${inWords(search.realTime)} sessions**, each with a caller on the line all the time.`,
    );
  lines.push(
    `"Holds" means: event loop use of at most ${limits.loopUse}, event loop lag of at most ${limits.lagP99Ms} ms (p99), and every turn answered.`,
  );
  return ['## In short', ...lines.map((line) => `- ${line}`)].join('\n').replace('\n', '\n\n');
}

/** How it was measured. */
export function how(run, { search }) {
  const { options } = run;
  const seconds = (ms) => number(ms / 1_000, 1);
  return [
    '## How it was measured',
    `Started on ${run.startedAt.slice(0, 10)} with \`${run.command}\`; it took ${run.minutes} minutes. ${run.hardware}, \`@livekit/agents\` ${run.agents}, \`@livekit/rtc-node\` ${run.rtcNode}${run.commit === undefined ? '' : `, commit ${run.commit}`}. ${others(run)} Raw figures: [results.json](results.json).`,
    `**Every row is a new worker**, in a process of its own that is measured from outside (\`/proc/<pid>/smaps_rollup\` of the worker and all its processes). The LiveKit endpoint and the callers run in the benchmark's own process and do not count. The endpoint is the embedded one of \`@openrtc/core/testing\`: it offers and assigns jobs and has rooms like LiveKit, over WebSockets on this machine, without WebRTC. So a session takes every step of a call and joins a room that carries text and no audio. The workers run with \`MALLOC_ARENA_MAX=2\` and \`NODE_ENV=production\`.`,
    `**${SESSION_MB} MiB per session.** The pool's \`setup()\` gives each session ${SESSION_MB} MiB; nobody speaks. Once all calls have arrived, memory is read when it no longer changes, first with the ${SESSION_MB} MiB only allocated, then with every byte written. The tables show the latter unless they say otherwise. Nothing is freed before that, so it is the peak apart from garbage. With \`processes()\`, one worker goes up through the numbers of sessions while memory is unwritten, and down again after it has been written; every session has a new process in both directions. No process is kept ready for more calls, except the one that a worker starts with: it is part of the row with 0 sessions, and the first call gets it. "Per session" is counted from the worker alone. This is the test of OpenRTC for Python (a job that holds ${SESSION_MB} MiB) with two differences: a session here is complete, with its room, its \`JobContext\` and its \`AgentSession\`; and all sessions are held until the last one is up, while the Python test ends each after a second.`,
    `**Real sessions.** These are \`AgentSession\`s as the pool creates them, with the SDK's bundled VAD from \`models()\` of \`@openrtc/prewarm\`, turns that end by VAD, and providers that cost almost nothing (a script, an echo, a tone). \`setup()\` replaces the room's audio: the input is recorded speech in frames of 32 ms at 16 kHz, and the output takes audio at the pace of real time and counts it. A turn lasts ${seconds(PHASE_MS)} s: the caller speaks for 2.4 s and is silent while the agent answers. Turns run in real time and are never stretched, because VAD and endpointing measure time. At a share f of real time, a session hears a whole turn as it would in a call, and then nothing for (1 / f − 1) turns; the turns of the sessions are spread evenly. So f × sessions have a caller on the line at every moment, and at f = 1 every session always hears its caller. A turn is missed when its answer has not started before the turn ends.`,
    `A row warms up for ${seconds(PHASE_MS)} s and is measured for ${seconds(options.measureMs)} s. The search for the largest share at ${search.most} sessions runs in one worker, upwards, to within ${number(WITHIN * 100)} %. The share it found then runs on until every session has had a turn, because a session uses less memory before its first turn; this is the row in the table. "Audio heard" is how much audio a session had been given by then, on average. The search in real time uses a new worker for each number. The first round searches; later rounds try the number it found, and fewer if that does not hold. Lag is the value of \`monitorEventLoopDelay\` (10 ms) less its own interval. "Every buffer touched" is PSS plus its growth when, at the end of a row, every page of every \`ArrayBuffer\` in the process was written to. Most of that is the speech buffer of the VAD, which is mapped in full and used as far as callers speak.`,
    searches(run),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** What must not be concluded from the figures. */
export function limitations(run) {
  const lines = [
    'What a call costs with WebRTC: encoding, decoding and the network are not included, and they use most of the CPU time of a call. `pnpm bench:calls` measures that.',
    'That a machine holds 500 calls. It holds 500 sessions, and the share of real time tells how many of them can talk at once. The others hear nothing, while a session in a real room hears its caller all the time.',
    'What sessions with real providers cost: clients for STT, LLM and TTS have buffers and sockets of their own.',
    'How much memory a session uses after a long call: it grows with the audio heard, which the table shows for these sessions.',
    'What calls leave behind when they end: `npm run soak` tests that.',
    'How it is at a number that is marked as extrapolated: the figure is calculated from the largest number that was measured.',
    'What PSS would be without other Node processes: the benchmark itself is one, and shares the pages of the binary with the worker.',
  ];
  if (run.missing.length > 0) lines.push(`Not measured in this run: ${run.missing.join(', ')}.`);
  return ['## What this does not show', lines.map((line) => `- ${line}`).join('\n')].join('\n\n');
}

function others({ rows }) {
  const cores = Object.values(rows).flatMap(({ othersCores }) => othersCores ?? []);
  return cores.length === 0
    ? ''
    : `Other programs used up to ${number(Math.max(...cores), 2)} cores during a row.`;
}

function searches({ rows }) {
  const lines = Object.entries(rows)
    .filter(([, { tried }]) => tried !== undefined)
    .map(([id, { tried, complete }]) => {
      const steps = tried.map(
        ({ number: callers, holds, loopUse }) =>
          `${callers} ${holds ? 'holds' : 'does not hold'} (${loopUse})`,
      );
      return `- ${id}: ${steps.join(', ')}${complete ? '' : '; out of time'}`;
    });
  return lines.length === 0
    ? ''
    : `What the searches tried (callers on the line at the same time, and event loop use in brackets):\n\n${lines.join('\n')}`;
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
