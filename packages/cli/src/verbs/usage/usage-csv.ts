import type { UsageFigure } from '@openrtc/core/operate';

import { withoutControls } from '../../terminal-text.js';
import type { Dimension } from './dimensions.js';
import type { CostedUsage, UsageGroup } from './usage-table.js';

/** Columns of what providers count: their kind, the figure, and whether it is a time, which is shown in seconds. */
const FIGURES: readonly (readonly [column: string, kind: string, figure: UsageFigure])[] = [
  ['llm_input_tokens', 'llm', 'inputTokens'],
  ['llm_cached_input_tokens', 'llm', 'cachedInputTokens'],
  ['llm_cache_write_tokens', 'llm', 'cacheWriteTokens'],
  ['llm_input_audio_tokens', 'llm', 'inputAudioTokens'],
  ['llm_cached_input_audio_tokens', 'llm', 'cachedInputAudioTokens'],
  ['llm_input_image_tokens', 'llm', 'inputImageTokens'],
  ['llm_cached_input_image_tokens', 'llm', 'cachedInputImageTokens'],
  ['llm_output_tokens', 'llm', 'outputTokens'],
  ['llm_output_audio_tokens', 'llm', 'outputAudioTokens'],
  ['llm_connected_seconds', 'llm', 'connectedMs'],
  ['tts_characters', 'tts', 'characters'],
  ['tts_audio_seconds', 'tts', 'audioDurationMs'],
  ['tts_input_tokens', 'tts', 'inputTokens'],
  ['tts_output_tokens', 'tts', 'outputTokens'],
  ['stt_audio_seconds', 'stt', 'audioDurationMs'],
  ['stt_input_tokens', 'stt', 'inputTokens'],
  ['stt_output_tokens', 'stt', 'outputTokens'],
];

type Cell = string | number | null;

/** The lines of a table as RFC 4180 has them, without their ends. */
export function* csvLines(
  groups: readonly UsageGroup[],
  by: readonly Dimension[],
  currency: string,
): Generator<string> {
  const columns = by.flatMap((each) => (each === 'model' ? ['kind', 'provider', 'model'] : [each]));
  const figures = FIGURES.map(([column]) => column);
  const calls = ['calls', 'unfinished_calls', 'session_seconds'];
  yield csvLine([...columns, ...calls, ...figures, 'cost', 'currency']);
  for (const group of groups)
    for (const row of by.includes('model') ? modelRows(group) : [wholeRow(group)]) {
      const names = by.flatMap((each) => (each === 'model' ? row.model : [group.of[each] ?? '']));
      const cost = row.cost === null ? [null, null] : [moneyText(row.cost), currency];
      yield csvLine([...names, ...row.calls, ...row.figures, ...cost]);
    }
}

interface Row {
  readonly model: readonly string[];
  readonly calls: readonly Cell[];
  readonly figures: readonly Cell[];
  readonly cost: number | null;
}

function wholeRow(group: UsageGroup): Row {
  const figures = FIGURES.map(([, kind, figure]) => {
    const sum = group.providers.reduce(
      (so, each) => so + (each.kind === kind ? each[figure] : 0),
      0,
    );
    return shown(figure, sum);
  });
  return { model: [], calls: callCells(group), figures, cost: group.cost };
}

/** One row for the calls themselves, whose kind is `session`, and one for each model: no figure is in two of them. */
function modelRows(group: UsageGroup): readonly Row[] {
  const session: Row = {
    model: ['session', '', ''],
    calls: callCells(group),
    figures: FIGURES.map(() => null),
    cost: group.sessionCost,
  };
  return [session, ...group.providers.map(modelRow)];
}

function modelRow(usage: CostedUsage): Row {
  return {
    model: [usage.kind, usage.provider, usage.model],
    calls: [null, null, null],
    figures: FIGURES.map(([, kind, figure]) =>
      kind === usage.kind ? shown(figure, usage[figure]) : null,
    ),
    cost: usage.cost,
  };
}

function callCells({ calls, unfinishedCalls, durationMs }: UsageGroup): readonly Cell[] {
  return [calls, unfinishedCalls, durationMs / 1_000];
}

function shown(figure: UsageFigure, value: number): number {
  return figure.endsWith('Ms') ? value / 1_000 : value;
}

/** A sum of money without an exponent: `0.0000125`. */
export function moneyText(amount: number): string {
  const text = amount.toFixed(10);
  return text.replace(/\.?0+$/, '');
}

function csvLine(cells: readonly Cell[]): string {
  return cells.map(csvCell).join(',');
}

// What a spreadsheet takes for the beginning of a formula, also after blanks, and in full width.
const FORMULA = /^\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]/;

/**
 * A cell. A text that a spreadsheet would calculate begins with `'` and is quoted; numbers are numbers. Line ends and
 * characters that control a terminal are left out.
 */
export function csvCell(value: Cell): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const clean = withoutControls(value);
  if (FORMULA.test(clean)) return quoted(`'${clean}`);
  return /[",\r\n]/.test(clean) || clean !== clean.trim() ? quoted(clean) : clean;
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
