/** Why a turn of the caller got no answer. */
export const unansweredReasons = [
  'provider_error',
  'hook_error',
  'no_transcript',
  'no_reply',
  'call_ended',
] as const;

/**
 * Why a turn of the caller got no answer.
 *
 * - `provider_error`: a provider failed for good, or gave nothing for 10 s
 * - `hook_error`: a hook or node of the agent failed
 * - `no_transcript`: the caller was heard to speak, but the STT gave no words
 * - `no_reply`: nothing failed, and the agent said nothing: an empty or blank answer of the model, or a tool that the SDK dropped
 * - `call_ended`: the call ended first
 */
export type UnansweredReason = (typeof unansweredReasons)[number];

/** The times of a turn as the SDK reports them, in milliseconds. Absent when it reports none. */
export interface TurnTimes {
  /** From the end of the caller's speech to the decision that the turn is over. */
  readonly endOfTurnMs?: number;
  /** From the request to the first token of the model. */
  readonly firstTokenMs?: number;
  /** From the first text to the first audio of the TTS. */
  readonly firstAudioMs?: number;
  /** From the end of the caller's speech until the agent began to speak: what the caller waited. */
  readonly responseMs?: number;
}

/** The names of the times of a turn. */
const turnTimes = [
  'endOfTurnMs',
  'firstTokenMs',
  'firstAudioMs',
  'responseMs',
] as const satisfies readonly (keyof TurnTimes)[];

/**
 * A step of a turn, spoken or typed, as plain data. Every turn is `asked`, and ends in one of the other states.
 *
 * - `asked`: the caller said something
 * - `answered`: the agent has answered
 * - `interrupted`: the caller spoke before the answer, or before its end
 * - `unanswered`: there was no answer
 */
export type SessionTurn =
  | ({ readonly state: 'asked' | 'answered' | 'interrupted' } & TurnTimes)
  | { readonly state: 'unanswered'; readonly reason: UnansweredReason };

/** The turns of a call, as plain data. `asked` is the sum of the others, and of a turn that is not over. */
export interface SessionTurns {
  /** Turns of the caller. */
  readonly asked: number;
  /** Turns that the agent has answered. */
  readonly answered: number;
  /** Turns in which the caller spoke before the answer, or before its end. */
  readonly interrupted: number;
  /** Turns without an answer. */
  readonly unanswered: number;
  /** Why the last turn without an answer had none; null when there is none. */
  readonly lastUnanswered: UnansweredReason | null;
}

/** True for a call in which the caller asked something and got no answer at all, not even the beginning of one. */
export function isUnanswered({ answered, interrupted, unanswered }: SessionTurns): boolean {
  return unanswered > 0 && answered + interrupted === 0;
}

/** True for a turn as another process may report it. */
export function isSessionTurn(value: unknown): value is SessionTurn {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Readonly<Record<string, unknown>>;
  switch (fields['state']) {
    case 'unanswered':
      return unansweredReasons.some((reason) => reason === fields['reason']);
    case 'asked':
    case 'answered':
    case 'interrupted':
      return turnTimes.every((name) => fields[name] === undefined || isTime(fields[name]));
    default:
      return false;
  }
}

// A plugin may report anything, and one NaN would turn every later sum into NaN.
function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

/** The times that are valid; `seconds` are those of the SDK. */
export function timesOf(seconds: {
  readonly [Name in keyof TurnTimes]: unknown;
}): TurnTimes {
  return Object.fromEntries(
    turnTimes.flatMap((name) => {
      const value = seconds[name];
      return isTime(value) ? [[name, Math.round(value * 1_000)]] : [];
    }),
  );
}
