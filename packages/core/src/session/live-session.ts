import type { voice } from '@livekit/agents';
import { setImmediate as nextTick } from 'node:timers/promises';

import type { AgentConfig } from '../agents/agent-options.js';
import { messageOf, toPlainError } from '../base/errors.js';
import type { CodeEvent } from '../call/code-change.js';
import { isPinned, onUnpinned } from '../sdk/reload-pins.js';
import { betweenTurns, onTurnStart } from '../sdk/turn-boundary.js';
import { type NewCode, type RenewableCall, renewCall } from './renew-call.js';

/** Options of {@link LiveSession}. */
export interface LiveSessionOptions extends Pick<
  RenewableCall,
  'info' | 'config' | 'hooks' | 'onWarning'
> {
  /** The session of the call. */
  readonly session: voice.AgentSession;
  /** The number of the change that its code came with. */
  readonly generation: number;
  /** The configuration of an agent as it is for the tenant of the call. */
  readonly ofTenant: (config: AgentConfig) => AgentConfig;
  /** Called with what becomes of each change in this call. */
  readonly onChange: (event: CodeEvent) => void;
}

/** One call and the code it runs. New code comes between two turns, and not while the call is pinned. */
export class LiveSession {
  readonly #options: LiveSessionOptions;
  readonly #unwatch: () => void;
  #generation: number;
  #config: AgentConfig;
  #next: NewCode | undefined;
  #working: Promise<void> | undefined;
  #ended = false;

  constructor(options: LiveSessionOptions) {
    this.#options = options;
    this.#generation = options.generation;
    this.#config = options.config;
    this.#unwatch = onUnpinned(options.session, () => void this.#work());
    onTurnStart(options.session, () => this.#makeNow());
  }

  /** The number of the change that its code came with. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * Changes the call to other code as soon as it may. Of several changes that wait, only the last one is made. Resolves
   * with what has become of it so far: what becomes of it later is an event as well.
   */
  async change(code: NewCode): Promise<CodeEvent> {
    const { session, info } = this.#options;
    const { jobId } = info;
    const { generation } = code;
    this.#next = code;
    if (isPinned(session)) return { kind: 'code', jobId, generation, result: 'pinned' };
    let made: CodeEvent | undefined;
    await Promise.race([this.#work((event) => (made = event)), nextTick()]);
    return made ?? { kind: 'code', jobId, generation, result: 'next_turn' };
  }

  /** The call has ended. */
  end(): void {
    this.#ended = true;
    this.#next = undefined;
    this.#unwatch();
  }

  #work(onMade: (event: CodeEvent) => void = () => {}): Promise<void> {
    this.#working ??= this.#makeChanges(onMade).finally(() => (this.#working = undefined));
    return this.#working;
  }

  async #makeChanges(onMade: (event: CodeEvent) => void): Promise<void> {
    const { session, onWarning } = this.#options;
    while (this.#next !== undefined && !isPinned(session)) {
      try {
        await betweenTurns(session);
      } catch (error) {
        onWarning(error, 'the end of the turn was not seen: the call keeps its code');
        this.#next = undefined;
        return;
      }
      // In the same tick as the end of the turn.
      const made = this.#makeNow();
      if (made === undefined) return;
      onMade(made);
    }
  }

  /** Makes the change that waits; undefined when there is none, or it must wait for a pin. */
  #makeNow(): CodeEvent | undefined {
    const code = this.#next;
    if (this.#ended || code === undefined || isPinned(this.#options.session)) return undefined;
    this.#next = undefined;
    return this.#make(code);
  }

  #make(given: NewCode): CodeEvent {
    const { info, hooks, onWarning, onChange, ofTenant } = this.#options;
    const code: NewCode = {
      ...given,
      agent: (name) => {
        const config = given.agent(name);
        return config && ofTenant(config);
      },
    };
    const { jobId } = info;
    const { generation } = code;
    const before = this.#generation;
    const config = this.#config;
    const renewal = renewCall(
      {
        info,
        config,
        hooks,
        onWarning,
        onUndone: (part, error) => {
          this.#generation = before;
          this.#config = config;
          const why = `${part}: ${messageOf(error)}`;
          onChange({
            kind: 'code',
            jobId,
            generation: before,
            result: 'undone',
            why,
            error: toPlainError(error),
          });
        },
      },
      code,
    );
    if (renewal.result !== 'kept_old') {
      this.#generation = generation;
      this.#config = code.agent(info.agent) ?? config;
    }
    const event: CodeEvent = { kind: 'code', jobId, generation: this.#generation, ...renewal };
    onChange(event);
    return event;
  }
}
