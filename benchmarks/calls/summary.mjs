import { markdownTable, runOf } from '../src/documents.mjs';
import { heldMeans, isSlow, mostHeld, ofWorker } from './held.mjs';

/** Most workers hold this many calls, so the cost of one can be compared. */
const AT = 7;

/** The run in one table, for other documents: OpenRTC in one process and its peers. */
export function summary(run) {
  const { rows } = run;
  const workers = new Map(
    rows
      .filter(({ headline, peer, once }) => (headline || peer) && !once)
      .map(({ key, name }) => [key, name]),
  );
  return `${runOf(run)}

${markdownTable(
  [
    'worker',
    'calls held',
    'turn p99 then, ms',
    'idle, PSS MiB',
    `per call at ${AT}, PSS MiB`,
    `CPU-s per call-minute at ${AT}`,
  ],
  [...workers].map(([key, name]) => {
    const most = mostHeld(rows, key);
    const at = ofWorker(rows, key).find(({ calls, failed }) => calls === AT && !failed);
    return [
      at !== undefined && isSlow(at) ? `${name} (slow at ${AT})` : name,
      most?.calls ?? 0,
      most?.turnMsP99 ?? '–',
      at?.idlePssMb ?? '–',
      at?.pssPerCallMb ?? '–',
      at?.cpuSecondsPerCallMinute ?? '–',
    ];
  }),
)}

Held means: ${heldMeans}.`;
}
