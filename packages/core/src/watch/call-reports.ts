import type { voice } from '@livekit/agents';

import { messageOf, toPlainError } from '../base/errors.js';
import {
  type ProviderError,
  type ProviderErrorKind,
  toProviderError,
} from '../call/provider-error.js';
import type { ProviderUsage } from '../call/provider-usage.js';
import type { ReportSessionEvent, SessionEvent } from '../call/session-event.js';
import type { SessionTurn } from '../call/session-turn.js';
import { agentIdOf } from '../sdk/agent-owners.js';
import type { CurrentCall } from '../sdk/current-call.js';
import { markReported } from './blame.js';

/** The part of an agent that a log line needs. */
type NamedAgent = Pick<voice.Agent, 'id'>;

/** What a provider failed with. */
export interface ProviderFailure {
  /** The kind of provider. */
  readonly kind: ProviderErrorKind;
  /** The provider, as its plugin names it. */
  readonly label: unknown;
  /** Whether the SDK tries again. */
  readonly recoverable: boolean;
  /** Whatever was thrown. */
  readonly error: unknown;
}

/** Logs and reports what happens in one call and does not end it. */
export class CallReports {
  readonly #call: CurrentCall;
  readonly #report: ReportSessionEvent;

  constructor(call: CurrentCall, report: ReportSessionEvent) {
    this.#call = call;
    this.#report = report;
  }

  /** Reports a hook or node of an agent that threw or rejected, or whose stream failed. */
  hook(agent: NamedAgent, name: string, error: unknown): void {
    markReported(error, this.#call.jobId);
    this.#call.logger.error(
      { error: toPlainError(error), agentId: agentIdOf(agent), hook: name },
      `${name} failed: ${messageOf(error)}`,
    );
    this.#fault('hook', name, error);
  }

  /**
   * Reports a tool that failed. The reason is logged already, and `output` was passed to the model.
   * @param error - the reason, if it is known
   */
  tool(name: string, output: string, error: unknown = output): void {
    this.#call.logger.warn({ tool: name, output }, 'a tool failed, and the model got the error');
    this.#fault('tool', name, error);
  }

  /** Reports an error of a provider. */
  providerError({ kind, label, recoverable, error }: ProviderFailure): void {
    markReported(error, this.#call.jobId);
    const providerError: ProviderError = toProviderError(kind, label, recoverable, error);
    const { message, ...fields } = providerError;
    const name = providerName(providerError);
    if (recoverable)
      this.#call.logger.warn(fields, `${name} failed, the SDK tries again: ${message}`);
    else this.#call.logger.error(fields, `${name} failed: ${message}`);
    this.#send({ kind: 'provider_error', jobId: this.#call.jobId, error: providerError });
  }

  /** Reports a step of a turn. */
  turn(turn: SessionTurn): void {
    if (turn.state === 'unanswered' && turn.reason !== 'call_ended')
      this.#call.logger.warn({ reason: turn.reason }, 'a turn of the caller got no answer');
    this.#send({ kind: 'turn', jobId: this.#call.jobId, turn });
  }

  /** Reports the usage of the providers so far. */
  usage(usage: readonly ProviderUsage[]): void {
    this.#send({ kind: 'usage', jobId: this.#call.jobId, usage });
  }

  #fault(fault: 'hook' | 'tool', name: string, error: unknown): void {
    const { jobId } = this.#call;
    this.#send({ kind: 'fault', jobId, fault, name, error: toPlainError(error) });
  }

  #send(event: SessionEvent): void {
    this.#report(event).catch((error: unknown) =>
      this.#call.logger.warn({ error, kind: event.kind }, 'an event of a call was not reported'),
    );
  }
}

function providerName({ kind, label }: ProviderError): string {
  const name = kind === 'realtime' ? 'the realtime model' : `the ${kind.toUpperCase()}`;
  return label === '' ? name : `${name} ${label}`;
}
