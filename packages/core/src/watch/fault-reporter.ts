import type { voice } from '@livekit/agents';

import { messageOf, toPlainError } from '../base/errors.js';
import type { CurrentCall } from '../sdk/current-call.js';
import { markReported } from './reported-errors.js';
import type { ReportSessionEvent } from '../call/session-event.js';

/** An agent as far as a log line needs it. */
type NamedAgent = Pick<voice.Agent, 'id'>;

/** Tells the log and the pool what failed in one call and did not end it. */
export class SessionFaultReporter {
  readonly #call: CurrentCall;
  readonly #report: ReportSessionEvent;

  constructor(call: CurrentCall, report: ReportSessionEvent) {
    this.#call = call;
    this.#report = report;
  }

  /** A hook or node of an agent threw, rejected, or gave a stream that did. */
  hook(agent: NamedAgent, name: string, error: unknown): void {
    markReported(error, this.#call.jobId);
    this.#call.logger.error(
      { error: toPlainError(error), agentId: agent.id, hook: name },
      `${name} failed: ${messageOf(error)}`,
    );
    this.#tell('hook', name, error);
  }

  /** A tool failed; the SDK has logged why and given the model `output`. */
  tool(name: string, output: string): void {
    this.#call.logger.warn({ tool: name, output }, 'a tool failed, and the model was told');
    this.#tell('tool', name, output);
  }

  #tell(fault: 'hook' | 'tool', name: string, error: unknown): void {
    const { jobId, logger } = this.#call;
    const event = { kind: 'fault', jobId, fault, name, error: toPlainError(error) } as const;
    this.#report(event).catch((failure: unknown) =>
      logger.warn({ error: failure, fault, name }, 'a fault could not be reported'),
    );
  }
}
