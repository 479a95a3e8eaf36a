import { checkAll } from '../base/all-faults.js';
import { isClass, isRecord, kindOf } from '../base/kind-of.js';
import {
  checkBoolean,
  checkKeys,
  checkText,
  checkWhole,
  invalidOption,
  MAX_MS,
} from '../base/option-checks.js';
import type { AuditFileSink, AuditHttpSink } from '../operate/audit-options.js';

interface Range {
  readonly min: number;
  readonly max: number;
}

const FILE_NUMBERS = {
  maxFileMb: { min: 1, max: 1_000_000 },
  keepFiles: { min: 0, max: 100 },
} as const satisfies Partial<Record<keyof AuditFileSink, Range>>;
const HTTP_NUMBERS = {
  timeoutMs: { min: 1, max: MAX_MS },
  retries: { min: 0, max: 1_000 },
} as const satisfies Partial<Record<keyof AuditHttpSink, Range>>;
const FORMS = '{ file }, { url }, or a function (event) => {}';

/** Checks `audit`. Messages have no values of URLs and headers: they may be secrets. */
export function checkAudit(where: string, audit: unknown): void {
  if (audit === undefined || audit === null) return;
  checkKeys(`${where}: audit`, audit, ['sink']);
  const { sink } = audit;
  if (Array.isArray(sink) && sink.length > 0) {
    checkAll(sink.map((each, at) => () => checkSink(where, `audit.sink[${at}]`, each)));
    checkFiles(where, sink);
    return;
  }
  checkSink(where, 'audit.sink', Array.isArray(sink) ? undefined : sink);
}

function checkSink(where: string, name: string, sink: unknown): void {
  if (typeof sink === 'function' && !isClass(sink)) return;
  if (isRecord(sink) && 'url' in sink) return checkHttp(where, name, sink);
  if (isRecord(sink) && 'file' in sink) return checkFile(where, name, sink);
  throw invalidOption(where, `${name} must be ${FORMS}, or an array of these, got ${kindOf(sink)}`);
}

function checkFile(where: string, name: string, sink: Readonly<Record<string, unknown>>): void {
  checkKeys(`${where}: ${name}`, sink, ['file', 'fsync', ...Object.keys(FILE_NUMBERS)]);
  checkText(where, `${name}.file`, sink['file'] ?? null);
  checkBoolean(where, `${name}.fsync`, sink['fsync']);
  for (const [key, range] of Object.entries(FILE_NUMBERS))
    checkWhole(where, `${name}.${key}`, sink[key], range);
}

function checkHttp(where: string, name: string, sink: Readonly<Record<string, unknown>>): void {
  checkKeys(`${where}: ${name}`, sink, ['url', 'headers', ...Object.keys(HTTP_NUMBERS)]);
  checkUrl(where, `${name}.url`, sink['url']);
  checkHeaders(where, `${name}.headers`, sink['headers']);
  for (const [key, range] of Object.entries(HTTP_NUMBERS))
    checkWhole(where, `${name}.${key}`, sink[key], range);
}

function checkUrl(where: string, name: string, url: unknown): void {
  const isUrl = typeof url === 'string' && /^https?:/i.test(url.trim()) && URL.canParse(url);
  if (isUrl) return;
  const got = typeof url === 'string' ? 'another text' : kindOf(url);
  throw invalidOption(
    where,
    `${name} must be a URL such as https://logs.example.com/audit, got ${got}`,
  );
}

function checkHeaders(where: string, name: string, headers: unknown): void {
  if (headers === undefined) return;
  if (!isRecord(headers))
    throw invalidOption(
      where,
      `${name} must be an object of texts by name, got ${kindOf(headers)}`,
    );
  for (const [header, value] of Object.entries(headers)) {
    if (typeof value === 'string' && isHeader(header, value)) continue;
    const got =
      typeof value === 'string' ? 'a name or a text that HTTP does not allow' : kindOf(value);
    throw invalidOption(where, `${name} must have texts that HTTP allows as headers, got ${got}`);
  }
}

function isHeader(name: string, value: string): boolean {
  try {
    new Headers().set(name, value);
    return true;
  } catch {
    // It says which value is wrong, and that may be a secret.
    return false;
  }
}

/** Two sinks of one file would rotate it twice. */
function checkFiles(where: string, sinks: readonly unknown[]): void {
  const files = sinks.flatMap((sink) => (isRecord(sink) && 'file' in sink ? [sink['file']] : []));
  if (new Set(files).size < files.length)
    throw invalidOption(where, 'audit.sink has two sinks with the same file');
}
