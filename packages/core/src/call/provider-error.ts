import { messageOf } from '../base/errors.js';
import { printable } from '../base/printable.js';
import { withoutSecrets } from '../base/secrets.js';

/** The kinds of providers whose errors are reported. */
export const providerErrorKinds = ['stt', 'llm', 'tts', 'vad', 'realtime'] as const;

/** The kind of a provider that has failed. */
export type ProviderErrorKind = (typeof providerErrorKinds)[number];

/** An error of a provider in a call, as plain data. */
export interface ProviderError {
  /** The kind of provider. */
  readonly kind: ProviderErrorKind;
  /** The provider, as its plugin names it, for example `openai.LLM`; may be empty. */
  readonly label: string;
  /**
   * What went wrong: the HTTP status (`401`), `timeout`, `connection`, `ended` (an STT whose stream ended although
   * nobody had asked for it), `no_audio` (a TTS that gave none), the code of the error (`ECONNREFUSED`), or else the name
   * of its class.
   */
  readonly code: string;
  /** True when the SDK tries again. False when it has given up: what the caller asked is then not answered. */
  readonly recoverable: boolean;
  /** The message of the error, without secrets, at most 500 characters. */
  readonly message: string;
}

/** How often a provider failed in the same way in one call. */
export interface ProviderErrorCount extends Omit<ProviderError, 'message'> {
  /** The number of errors. */
  readonly count: number;
}

const MAX_CODE = 40;
const MAX_LABEL = 64;
const MAX_MESSAGE = 500;
const MAX_CAUSES = 5;

/** Converts an error of a provider. It may be anything: plugins throw what their libraries throw. */
export function toProviderError(
  kind: ProviderErrorKind,
  label: unknown,
  recoverable: boolean,
  error: unknown,
): ProviderError {
  return {
    kind,
    label: printable(typeof label === 'string' ? label : '', MAX_LABEL),
    code: providerErrorCode(error),
    recoverable,
    message: printable(withoutSecrets(messageOf(error)), MAX_MESSAGE),
  };
}

/** True for an error as another process may report it. */
export function isProviderError(value: unknown): value is ProviderError {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, label, code, recoverable, message } = value as Partial<
    Record<keyof ProviderError, unknown>
  >;
  return (
    providerErrorKinds.some((known) => known === kind) &&
    isText(label, MAX_LABEL) &&
    isText(code, MAX_CODE) &&
    typeof recoverable === 'boolean' &&
    isText(message, MAX_MESSAGE)
  );
}

/** The `code` of a {@link ProviderError}. */
export function providerErrorCode(error: unknown): string {
  const chain = causesOf(error);
  const found =
    first(chain, statusOf) ??
    first(chain, ownCodeOf) ??
    first(chain, timeoutOf) ??
    first(chain, systemCodeOf) ??
    nameOf(error);
  return printable(found, MAX_CODE);
}

// The SDK wraps the errors of plugins, and plugins wrap those of their libraries.
function causesOf(error: unknown): readonly Fields[] {
  const chain: Fields[] = [];
  for (let at: unknown = error; isFields(at) && chain.length < MAX_CAUSES; at = read(at, 'cause'))
    chain.push(at);
  return chain;
}

type Fields = Readonly<Record<string, unknown>>;

function first(
  chain: readonly Fields[],
  find: (error: Fields) => string | undefined,
): string | undefined {
  for (const error of chain) {
    const found = find(error);
    if (found !== undefined) return found;
  }
  return undefined;
}

// `statusCode` is the SDK's name; the libraries of the large providers use `status`.
function statusOf(error: Fields): string | undefined {
  return [read(error, 'statusCode'), read(error, 'status')]
    .filter((status) => Number.isInteger(status) && Number(status) >= 100 && Number(status) < 600)
    .map(String)[0];
}

const CODES_OF_NAMES: Readonly<Record<string, string>> = {
  StreamEndedError: 'ended',
  NoAudioError: 'no_audio',
};

// What OpenRTC has found out itself.
function ownCodeOf(error: Fields): string | undefined {
  const name = read(error, 'name');
  return typeof name === 'string' && Object.hasOwn(CODES_OF_NAMES, name)
    ? CODES_OF_NAMES[name]
    : undefined;
}

function timeoutOf(error: Fields): string | undefined {
  const name = read(error, 'name');
  return name === 'APITimeoutError' || name === 'TimeoutError' || name === 'IdleTimeoutError'
    ? 'timeout'
    : undefined;
}

function systemCodeOf(error: Fields): string | undefined {
  const code = read(error, 'code');
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]+$/.test(code)) return code;
  return read(error, 'name') === 'APIConnectionError' ? 'connection' : undefined;
}

function nameOf(error: unknown): string {
  const name = isFields(error) ? read(error, 'name') : undefined;
  return typeof name === 'string' && name !== '' ? name : 'Error';
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

/** Reads a field of an error of user code, which may throw when it is read. */
function read(error: Fields, name: string): unknown {
  try {
    return error[name];
  } catch {
    // An error that cannot be read has no such field.
    return undefined;
  }
}

function isText(value: unknown, max: number): boolean {
  return typeof value === 'string' && value.length <= 2 * max;
}
