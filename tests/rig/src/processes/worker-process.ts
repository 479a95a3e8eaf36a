import { ChildProgram, type ProgramOptions } from './child-program.js';

/** Where a worker connects. */
export interface LiveKitAddress {
  readonly url: string;
  readonly apiKey: string;
  readonly apiSecret: string;
}

/** Options of {@link WorkerProcess}. */
export interface WorkerOptions<Message = unknown> extends Omit<ProgramOptions<Message>, 'name'> {
  /** Default: `The worker`. */
  name?: string;
  /** Path of the worker's code. */
  file: string;
  args?: readonly string[];
  /** What runs the file; default: this Node. */
  program?: string;
  /** Flags of that program. */
  execArgv?: readonly string[];
}

/** Eight processes that start at once on two cores take some ten seconds. */
const START_MS = 90_000;

/** A worker in a process of its own, run as an operator would: in production, with two malloc arenas. */
export class WorkerProcess<Message = never> extends ChildProgram<Message> {
  constructor({ url, apiKey, apiSecret }: LiveKitAddress, options: WorkerOptions<Message>) {
    const { file, args = [], program = process.execPath, execArgv = [], env, ...rest } = options;
    super(program, [...execArgv, file, ...args], {
      name: 'The worker',
      ...rest,
      env: {
        ...withoutLiveKit(process.env),
        NODE_ENV: 'production',
        // Without it glibc keeps the memory of short-lived native threads in arenas of 64 MB each.
        MALLOC_ARENA_MAX: '2',
        LIVEKIT_URL: url,
        LIVEKIT_API_KEY: apiKey,
        LIVEKIT_API_SECRET: apiSecret,
        ...env,
      },
    });
  }

  /** Resolves once LiveKit knows the worker, as its log says; ends the worker when that does not happen in time. */
  async registered(timeoutMs = START_MS): Promise<this> {
    try {
      await this.writes(/registered (?:with LiveKit|worker)/, timeoutMs);
      return this;
    } catch (error) {
      await this.stop(0);
      throw error;
    }
  }
}

/** Settings meant for another worker, such as an agent name, would keep calls from this one. */
function withoutLiveKit(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('LIVEKIT_')));
}
