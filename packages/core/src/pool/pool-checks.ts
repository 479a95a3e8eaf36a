import { checkAll } from '../base/all-faults.js';
import { OpenRtcError } from '../base/errors.js';
import { didYouMean } from '../base/nearest.js';
import { invalidOption } from '../base/option-checks.js';
import { Caps } from '../call/session-caps.js';
import { resolveEndpoint } from '../link/livekit-endpoint.js';
import { printable } from '../base/printable.js';
import type { PoolState } from '../operate/readiness.js';
import { WHERE } from '../options/object-options.js';
import type { AgentPoolOptions } from '../options/pool-options.js';
import { checkRunOptions } from '../options/run-options.js';
import { agentsOfTenants } from '../options/tenants-option.js';
import { checkDefaultIsolation } from '../worker/default-parts.js';
import { type ConnectRequest, checkConnectRequest } from '../worker/local-call.js';

/** The methods that some states do not allow. The others may be called at any time. */
export type StatefulMethod =
  | 'run()'
  | 'connect()'
  | 'serveTickets()'
  | 'configure()'
  | 'add()'
  | 'replace()'
  | 'discover()';

const ENDED = 'this pool is closed, and a pool runs once: construct a new AgentPool';

/** Why a method may not be called in a state, by method. A state that is not named here allows it. */
const REASONS: Readonly<
  Record<StatefulMethod, { readonly running?: string; readonly closed: string }>
> = {
  'run()': { closed: ENDED },
  'connect()': { running: 'it is called instead of run(), and this pool runs', closed: ENDED },
  'serveTickets()': { closed: ENDED },
  'configure()': { running: 'call it before run()', closed: ENDED },
  'add()': { closed: ENDED },
  'replace()': { closed: ENDED },
  'discover()': { closed: ENDED },
};

/**
 * Checks that a pool in this state allows the method.
 * @throws OpenRtcError `POOL_STATE`
 */
export function checkState(method: StatefulMethod, state: PoolState): void {
  if (state === 'idle') return;
  const { running, closed } = REASONS[method];
  const why = state === 'closed' ? closed : running;
  if (why !== undefined) throw new OpenRtcError('POOL_STATE', `${method}: ${why}.`);
}

/** The same as a rejection; undefined when the state allows the method. */
export function refusal(method: StatefulMethod, state: PoolState): Promise<never> | undefined {
  try {
    checkState(method, state);
    return undefined;
  } catch (error) {
    return Promise.reject(error);
  }
}

/** The parts of a configuration that are checked before a run opens anything. */
export interface RunConfiguration {
  readonly options: AgentPoolOptions;
  readonly agents: readonly string[];
  /** Files and folders from which the default isolation is resolved, the first one first. */
  readonly packagesFrom: readonly string[];
}

/**
 * Checks everything about a run that can be known before it opens anything.
 * @param opens - whether it opens a worker in this process
 */
export function checkRun(options: unknown, configuration: RunConfiguration, opens: boolean): void {
  checkAll([
    () => checkRunOptions('run()', options),
    ...agentChecks(configuration),
    ...(opens ? workerChecks(configuration) : []),
  ]);
}

/** Checks everything about a call of `connect()` that can be known before it opens anything. */
export function checkConnect(
  request: ConnectRequest,
  options: unknown,
  find: (name: string) => unknown,
  configuration: RunConfiguration,
): void {
  checkAll([
    () => checkConnectRequest(request, find),
    () => checkRunOptions('connect()', options),
    ...workerChecks(configuration),
  ]);
}

/** The checks of what a pool needs for any run. */
function agentChecks({ agents, options }: RunConfiguration): readonly (() => void)[] {
  return [
    () => checkCappedAgents(options.maxSessionsPerAgent, agents),
    () => checkTenantsAgents(options.tenants, agents),
    () => {
      if (agents.length > 0) return;
      throw new OpenRtcError(
        'CONFIG_NO_AGENTS',
        'Register at least one agent before run(): pool.add(name, AgentClass), or pool.discover(directory).',
      );
    },
  ];
}

/** A limit for an agent that is not there is a mistake in its name, and would limit nobody. */
function checkCappedAgents(
  caps: AgentPoolOptions['maxSessionsPerAgent'],
  agents: readonly string[],
) {
  checkRegistered(
    agents,
    new Caps(caps).names.map((agent) => ({ option: 'maxSessionsPerAgent', agent })),
  );
}

/** A tenant that may call only an agent that is not there could call none. */
function checkTenantsAgents(tenants: AgentPoolOptions['tenants'], agents: readonly string[]) {
  checkRegistered(
    agents,
    agentsOfTenants(tenants).map(({ tenant, agent }) => ({
      option: `tenant "${tenant}": agents`,
      agent,
    })),
  );
}

function checkRegistered(
  agents: readonly string[],
  named: readonly { readonly option: string; readonly agent: string }[],
) {
  const unknown = named.filter(({ agent }) => !agents.includes(agent));
  checkAll(
    unknown.map(({ option, agent }) => () => {
      throw invalidOption(
        WHERE,
        `${option}: no agent "${printable(agent)}" is registered${didYouMean(agent, agents) || `; registered: ${agents.join(', ')}`}`,
      );
    }),
  );
}

/** The checks of what a worker needs to open: the server, its credentials, and a place where calls run. */
function workerChecks({ options, packagesFrom }: RunConfiguration): readonly (() => void)[] {
  return [
    () => void resolveEndpoint(options.livekit),
    () => {
      if (options.isolation === undefined) checkDefaultIsolation(packagesFrom);
    },
  ];
}
