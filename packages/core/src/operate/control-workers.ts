import { messageOf } from '../base/errors.js';
import {
  type ControlAnswer,
  type ControlCommand,
  type ControlResults,
  parseControlAnswer,
  requestOf,
} from './control-protocol.js';
import {
  type FoundWorker,
  answerOf,
  checkFindOptions,
  findSockets,
  isDead,
} from './find-sockets.js';

/** Options of {@link findWorkers}. */
export interface FindWorkersOptions {
  /** Directories to search. Default: those in which workers of this user create their sockets. */
  readonly directories?: readonly string[];
}

/** Every worker of this user on this machine that takes commands. */
export interface FoundWorkers {
  /** The workers, by process id. */
  readonly workers: readonly FoundWorker[];
  /** Directories that were ignored because other users can access them, with the reason. */
  readonly problems: readonly string[];
}

/** Options of {@link commandWorker}. */
export interface CommandWorkerOptions {
  /** How long the worker may take, in milliseconds. Default: 120 000. After that it may still carry out the command. */
  readonly timeoutMs?: number;
}

/** What a worker has answered, or the problem that prevented an answer. */
export type CommandedWorker<Result> =
  | { readonly answer: ControlAnswer<Result>; readonly problem?: undefined }
  | { readonly answer?: undefined; readonly problem: string };

// A reload may wait for others, for modules that load slowly, and for the processes of calls.
const TIMEOUT_MS = 120_000;

/**
 * Finds the workers of this user on this machine. It asks them nothing.
 * @throws OpenRtcError `CONFIG_INVALID_OPTION`
 */
export async function findWorkers(options: FindWorkersOptions = {}): Promise<FoundWorkers> {
  checkFindOptions('findWorkers()', options, ['directories']);
  const { sockets, problems } = await findSockets('.control', options.directories);
  const dead = await Promise.all(sockets.map(({ socket }) => isDead(socket)));
  return { workers: sockets.filter((_socket, index) => dead[index] === false), problems };
}

/**
 * Lets a worker carry out a command. Never rejects because of the worker.
 * @throws OpenRtcError `CONFIG_INVALID_OPTION`
 */
export async function commandWorker<Command extends ControlCommand>(
  worker: FoundWorker,
  command: Command,
  options: CommandWorkerOptions = {},
): Promise<CommandedWorker<ControlResults[Command]>> {
  checkFindOptions('commandWorker()', options, ['timeoutMs']);
  const { timeoutMs = TIMEOUT_MS } = options;
  try {
    const text = await answerOf(worker, timeoutMs, requestOf(command));
    if (text === undefined) return { problem: 'it has ended' };
    const answer = parseControlAnswer(text, command);
    return answer === undefined
      ? { problem: 'its answer is not valid: is it another version of OpenRTC?' }
      : { answer };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}
