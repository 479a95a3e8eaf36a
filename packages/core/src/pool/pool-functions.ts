import type { Channel } from '../launch/channel.js';
import type { ReloadReport } from '../call/reload-report.js';
import type { RunOptions } from '../options/run-options.js';
import { type AgentPool, inside } from './agent-pool.js';
import { insideAgents } from './pool-agents.js';

/**
 * Runs the calls that the pool of another process sends through `channel`. Call it instead of {@link AgentPool.run}:
 * the pool does not register with LiveKit. It must have the same agents under the same names as the pool at the other
 * end. Resolves when the other end closes the channel or no longer needs this process.
 *
 * In a process that a strategy has started, `run()` does this; see docs/isolation.md.
 * @throws OpenRtcError `CONFIG_*` or `PREWARM_FAILED` when no call can run here; the other end gets the same error.
 * `POOL_STATE` when the pool is closed.
 */
export function serveTickets(pool: AgentPool, channel: Channel): Promise<void> {
  return inside.serve(pool, channel);
}

/**
 * Checks what `run()` of a pool would refuse before it opens anything: its options, agents, LiveKit server and
 * credentials, and isolation. A command calls it before it opens something of its own.
 * @throws OpenRtcError `CONFIG_*`. Several faults are one error: its message has a line for each, and its cause is an
 * AggregateError of them
 */
export function checkConfiguration(pool: AgentPool, options: RunOptions = {}): void {
  inside.check(pool, options);
}

/**
 * Reloads the agents of a pool because their files have changed, as {@link AgentPool.reload} does; the audit says why. For
 * a command that watches the files.
 * @throws OpenRtcError `POOL_STATE` as `reload()`
 */
export function reloadChanged(pool: AgentPool): Promise<ReloadReport> {
  return insideAgents.reload(pool, 'file_change');
}
