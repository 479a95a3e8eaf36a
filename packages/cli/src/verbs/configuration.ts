import type { Host } from '../host.js';
import { codeOf } from '../report-error.js';
import { UsageError, UsageFaults, usageFaults } from '../usage-error.js';
import type { Verb } from './verb.js';

/** Collects what is wrong with a configuration, before anything is opened. */
export class ConfigurationFaults {
  readonly #errors: unknown[] = [];

  /** Runs a step. What it throws because of the configuration is kept; undefined then. */
  async step<T>(work: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof UsageError) && codeOf(error)?.startsWith('CONFIG_') !== true)
        throw error;
      this.#errors.push(...singleFaults(error));
      return undefined;
    }
  }

  /** Throws the faults as one error, each with the options that mend it. */
  async throwAll(verb: Verb, host: Host): Promise<void> {
    const messages = await Promise.all(this.#errors.map((error) => advised(error, verb, host)));
    const error = usageFaults(messages, this.#errors[0]);
    if (error !== undefined) throw error;
  }
}

/** Several faults may come as one error; core's has them in its cause. */
function singleFaults(error: unknown): readonly unknown[] {
  if (error instanceof UsageFaults) return error.messages.map((each) => new UsageError(each));
  const { cause } = Object(error) as { readonly cause?: unknown };
  return cause instanceof AggregateError && codeOf(cause.errors[0]) !== undefined
    ? cause.errors
    : [error];
}

async function advised(error: unknown, verb: Verb, host: Host): Promise<string> {
  const message = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  if (code === undefined) return message;
  if (code !== 'CONFIG_MISSING_CREDENTIALS') return `${message} [${code}]`;
  const [missing = ''] = message.split('. ');
  const advice = 'set it in the environment, or pass --url, --api-key and --api-secret';
  return `${missing}: ${advice}${verb === 'dev' ? await localAdvice(host) : ''}`;
}

async function localAdvice({ env }: Host): Promise<string> {
  const { findLocalServer } = await import('../local/find-server.js');
  const path = await findLocalServer(env);
  return path === undefined ? '' : `; or use --local, which starts ${path}`;
}
