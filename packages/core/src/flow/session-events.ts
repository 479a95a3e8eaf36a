import type { Logger } from '../base/logger.js';
import type { CodeEvent } from '../call/code-change.js';
import type { SessionEvent } from '../call/session-event.js';
import type { Observers } from '../settle/session-observer.js';
import type { FlowCounts } from '../operate/flow-counts.js';
import type { LiveCall } from './live-call.js';

/** Options of {@link SessionEvents}. */
export interface SessionEventsOptions {
  /** Counts of the worker. */
  readonly counts: FlowCounts;
  /** Notified of joins, errors of providers, turns, and memory warnings. */
  readonly observers: Observers;
  /** Runs work that takes longer than the event. The worker waits for it before it closes. */
  readonly inBackground: (work: Promise<void>) => void;
  /** The worker's logger. */
  readonly logger: Logger;
}

/**
 * Handles every event of a session, whether the session runs in this process or in another one:
 *
 * | event | sent by | effect |
 * |---|---|---|
 * | `joined` | session | the job is reported to LiveKit as running; observers: `onSessionStart` |
 * | `ending` | session | the final status is sent to LiveKit; the session waits for it before it leaves its room |
 * | `memory` | strategy | logged; observers: `onMemoryWarning` |
 * | `fault` | session | counted for the call, its agent, and the worker |
 * | `provider_error` | session | counted for the call, its agent, and the worker; observers: `onProviderError` |
 * | `turn` | session | counted for the call, its agent, and the worker; observers: `onTurn` |
 * | `usage` | session | replaces the usage of the call; the difference is added to the metrics |
 * | `blocked` | the host of the session | counted for the call and the worker |
 * | `code` | session | counted for its agent, and the worker; logged when the call keeps or gets back its old code; observers: `onCodeChange` |
 */
export class SessionEvents {
  readonly #options: SessionEventsOptions;

  constructor(options: SessionEventsOptions) {
    this.#options = options;
  }

  /** Handles one event. Resolves when the pool has acted on it. */
  async apply(event: SessionEvent, call: LiveCall): Promise<void> {
    const { counts, observers, inBackground, logger } = this.#options;
    const { info } = call;
    switch (event.kind) {
      case 'joined':
        if (call.joined) return;
        call.joined = true;
        call.link.sendRunning(info.jobId);
        inBackground(observers.started(info));
        break;
      case 'ending':
        await call.settlement.ending(event.outcome);
        break;
      case 'memory':
        logger.warn(
          { jobId: info.jobId, agent: info.agent, ...event.memory },
          'the process of a call uses much memory',
        );
        inBackground(observers.memoryWarning(info, event.memory));
        break;
      case 'fault':
        call.faults.add(event.fault);
        counts.fault(info.agent, event.fault);
        break;
      case 'provider_error':
        call.faults.addProviderError(event.error);
        counts.providerError(info.agent, event.error);
        inBackground(observers.providerError(info, event.error));
        break;
      case 'turn':
        call.turns.add(event.turn);
        counts.turn(info.agent, event.turn);
        inBackground(observers.turn(info, event.turn));
        break;
      case 'usage':
        counts.metrics.use(info.agent, event.usage, call.usage);
        call.usage = event.usage;
        break;
      case 'blocked':
        counts.block(event.block);
        call.blocks.add(event.block);
        break;
      case 'code':
        call.generation = event.generation;
        counts.code(info, event);
        this.#logCode(event, call);
        inBackground(observers.codeChanged(info, event));
        break;
    }
  }

  #logCode({ generation, result, why, error }: CodeEvent, { info }: LiveCall): void {
    const fields = { jobId: info.jobId, agent: info.agent, generation, result, why };
    const { logger } = this.#options;
    if (result === 'undone')
      logger.warn(
        { ...fields, error },
        `new code of a call failed in its first use, and is undone: ${why ?? ''}`,
      );
    else if (result === 'kept_old')
      logger.warn(fields, `call ${info.jobId} goes on with its old code: ${why ?? ''}`);
    else logger.debug(fields, 'the code of a call has changed');
  }
}
