import { hostname } from 'node:os';

import type { Logger } from '../base/logger.js';
import { withoutSecrets } from '../base/secrets.js';
import type { AuditEvent, Noted } from './audit-event.js';
import { openAuditFile } from './audit-file-sink.js';
import { auditFunction } from './audit-function-sink.js';
import { auditHttp } from './audit-http-sink.js';
import type { AuditOptions, AuditSink } from './audit-options.js';
import { type Delivery, type Lost, SinkQueue } from './sink-queue.js';

/** Options of {@link Audit.open}. */
export interface OpenAuditOptions {
  /** The pool's option. */
  readonly audit: AuditOptions | null | undefined;
  /** The pool's `deploymentVersion`; null without one. */
  readonly version: string | null;
  readonly logger: Logger;
}

/** The audit of one run: it numbers the events and brings them to each sink. Nothing ever waits for it. */
export class Audit implements AsyncDisposable {
  /** How many events each sink has lost. */
  readonly #sinks: readonly SinkQueue[];
  readonly #worker = `${hostname()}-${process.pid}-${Date.now().toString(36)}`;
  readonly #version: string | null;
  #seq = 0;

  private constructor(
    deliveries: readonly Delivery[],
    { version, logger }: Omit<OpenAuditOptions, 'audit'>,
  ) {
    this.#version = version;
    this.#sinks = deliveries.map(
      (delivery) =>
        new SinkQueue({ delivery, onRecovered: (lost) => this.#recovered(lost), logger }),
    );
  }

  /**
   * Opens the sinks.
   * @throws OpenRtcError `CONFIG_AUDIT_FILE` if a file cannot be written; nothing stays open in that case.
   */
  static async open({ audit, ...others }: OpenAuditOptions): Promise<Audit> {
    const sinks = audit === undefined || audit === null ? [] : [audit.sink].flat();
    const deliveries: Delivery[] = [];
    try {
      for (const [at, sink] of sinks.entries())
        deliveries.push(await deliveryOf(sink, nameOf(sinks, at), others.logger));
    } catch (error) {
      await Promise.all(deliveries.map((delivery) => delivery.close()));
      throw error;
    }
    return new Audit(deliveries, others);
  }

  /** How many events were lost, by sink. */
  get dropped(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#sinks.map(({ name, lost }) => [name, lost]));
  }

  /** Writes down what happened. Never throws and never waits. */
  note(noted: Noted): void {
    if (this.#sinks.length === 0) return;
    const { event: name, actor, target, result, details } = noted;
    const event = clean({
      schemaVersion: 1,
      seq: (this.#seq += 1),
      time: new Date().toISOString(),
      worker: this.#worker,
      version: this.#version,
      actor,
      event: name,
      target,
      result,
      details,
    }) as AuditEvent;
    const line = `${JSON.stringify(event)}\n`;
    for (const sink of this.#sinks) sink.push({ event, line });
  }

  /** Sends what waits, for 2 s at most, and closes the sinks. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#sinks.map((sink) => sink.close()));
  }

  #recovered(lost: Lost): void {
    const { sink } = lost;
    this.note({
      event: 'audit.lost',
      actor: 'system',
      target: sink,
      result: 'failed',
      details: { ...lost },
    });
  }
}

async function deliveryOf(sink: AuditSink, name: string, logger: Logger): Promise<Delivery> {
  if (typeof sink === 'function') return auditFunction(sink, name);
  if ('url' in sink) return auditHttp(sink, name);
  const onFailure = (error: unknown) =>
    logger.debug({ error, sink: name }, 'audit: a file could not be closed');
  return openAuditFile(sink, name, onFailure);
}

/** `audit-file`, and `audit-file-2` for the second file. */
function nameOf(sinks: readonly AuditSink[], at: number): string {
  const kind = (sink: AuditSink | undefined) =>
    typeof sink === 'function' ? 'function' : 'url' in (sink ?? {}) ? 'http' : 'file';
  const own = kind(sinks[at]);
  const before = sinks.slice(0, at).filter((sink) => kind(sink) === own).length;
  return before === 0 ? `audit-${own}` : `audit-${own}-${before + 1}`;
}

/** A frozen copy as plain data, without secrets: what functions get is what JSON has. */
function clean(value: unknown): unknown {
  if (typeof value === 'string') return withoutSecrets(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (Array.isArray(value)) return Object.freeze(value.map(clean));
  if (typeof value !== 'object' || value === null) return value;
  return Object.freeze(
    Object.fromEntries(
      Object.entries(value)
        .filter(([, inner]) => inner !== undefined)
        .map(([key, inner]) => [key, clean(inner)]),
    ),
  );
}
