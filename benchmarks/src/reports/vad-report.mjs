import { markdownTable, medianAndRange, runOf } from '../documents.mjs';

export const vad = { name: 'vad', document: 'packages/prewarm/README.md', report };

/** Length of each frame of audio that a VAD is given. */
export const FRAME_MS = 32;

function report(run) {
  const { calls, seconds, rows } = run;
  const table = markdownTable(
    ['CPU ms per second of one call', 'JavaScript thread', 'whole process'],
    Object.entries(rows).map(([name, runs]) => [
      name.endsWith('()') ? `\`${name}\`` : name,
      medianAndRange(runs.map((each) => each.threadMsPerSecond)),
      medianAndRange(runs.map((each) => each.processMsPerSecond)),
    ]),
  );
  const all = Object.values(rows);
  const others = Math.max(...all.flat().map(({ othersCores }) => othersCores));
  return [
    `${runOf(run)} Median, lowest and highest of ${all[0].length} runs of ${seconds} s, with the audio of ${calls} calls in real time, at 16 kHz in frames of ${FRAME_MS} ms (\`pnpm --filter @openrtc/benchmarks bench:vad\`). Other programs used up to ${others} cores meanwhile.`,
    table,
  ].join('\n\n');
}
