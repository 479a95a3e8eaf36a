import type { voice } from '@livekit/agents';

import { messageOf, toPlainError } from '../base/errors.js';
import type { CurrentCall } from '../sdk/current-call.js';
import { markReported } from './blame.js';
import type { ReportSessionEvent } from '../call/session-event.js';

/** The part of an agent that a log line needs. */
type NamedAgent = Pick<voice.Agent, 'id'>;

/** Logs and reports the failures of one call that do not end it. */
export class SessionFaultReporter {
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
      { error: toPlainError(error), agentId: agent.id, hook: name },
      `${name} failed: ${messageOf(error)}`,
    );
    this.#send('hook', name, error);
  }

  /** Reports a tool that failed. The SDK has logged the reason and passed `output` to the model. */
  tool(name: string, output: string): void {
    this.#call.logger.warn({ tool: name, output }, 'a tool failed, and the model got the error');
    this.#send('tool', name, output);
  }

  #send(fault: 'hook' | 'tool', name: string, error: unknown): void {
    const { jobId, logger } = this.#call;
    const event = { kind: 'fault', jobId, fault, name, error: toPlainError(error) } as const;
    this.#report(event).catch((failure: unknown) =>
      logger.warn({ error: failure, fault, name }, 'a fault could not be reported'),
    );
  }
}
