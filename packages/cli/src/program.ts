import { Command, CommanderError, Option } from 'commander';

import { exitCode } from './exit-code.js';
import type { Host } from './host.js';
import type { OptionRow } from './options/option-row.js';
import type { Given } from './options/read-flags.js';
import { type OptionTable, flagOf, optionTable, rowsOf } from './options/table.js';
import { type Verb, verbNames, verbs } from './verbs/verb.js';

/** The verb that the command line asks for; `answered`: help, the version or an error was printed instead. */
export type Invocation =
  | { readonly kind: 'verb'; readonly verb: Verb; readonly given: Given; readonly words: string[] }
  | { readonly kind: 'answered'; readonly exitCode: number };

/** Options of {@link readCommandLine}. */
export interface ProgramOptions {
  /** Returns what `--version` prints. */
  readonly version: () => string;
  /** The name of the command in its help. Default: `openrtc`. */
  readonly name?: string;
  readonly table?: OptionTable;
}

// Longer lines are hard to read.
const MAX_HELP_WIDTH = 100;
const MIN_HELP_WIDTH = 40;

const EPILOGUE = `
Exit codes: 0 done or drained, 1 ran and failed, 2 nothing was started, 70 a bug.
A flag overrides its environment variable.`;

/** Reads the command line. Writes help and mistakes in it to the host. */
export function readCommandLine(
  args: readonly string[],
  host: Host,
  options: ProgramOptions,
): Invocation {
  let invocation: Invocation | undefined;
  const program = programOf(host, options, (chosen) => (invocation = chosen));
  try {
    program.parse([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { kind: 'answered', exitCode: error.exitCode === 0 ? exitCode.done : exitCode.usage };
  }
  // Without a verb commander has shown the help and thrown.
  return invocation ?? { kind: 'answered', exitCode: exitCode.usage };
}

function programOf(
  host: Host,
  options: ProgramOptions,
  choose: (invocation: Invocation) => void,
): Command {
  const { version, name = 'openrtc', table = optionTable } = options;
  const program = new Command(name)
    .description('Run, try and inspect the voice agents of an OpenRTC pool.')
    .option('-V, --version', 'show the versions of the command, of core, of the SDK and of Node')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [verb]', 'show the help of a verb')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void host.stdout.write(text),
      writeErr: (text) => void host.stderr.write(text),
      getOutHelpWidth: () => helpWidth(host.stdout.columns),
      getErrHelpWidth: () => helpWidth(host.stderr.columns),
      outputError: (text, write) => write(messageOf(text, name, table)),
    })
    .addHelpText('after', EPILOGUE);
  program.on('option:version', () => {
    host.stdout.write(`${version()}\n`);
    throw new CommanderError(exitCode.done, 'commander.version', 'the version was shown');
  });
  for (const verb of verbNames) addVerb(program, verb, table, choose);
  return program;
}

function addVerb(
  program: Command,
  verb: Verb,
  table: OptionTable,
  choose: (invocation: Invocation) => void,
): void {
  const command = program
    .command(verb)
    .description(verbs[verb].summary)
    .helpOption('-h, --help', 'show this help')
    // readFlags() reports them with a better message.
    .allowExcessArguments();
  for (const [name, row] of rowsOf(verb, table)) {
    if (row.position !== undefined)
      command.argument(argumentOf(name, row), `the same as ${flagOf(name)}`);
    const option = new Option([flagOf(name), row.takes].join(' ').trim(), helpOf(row, verb));
    // commander would keep --no-watch as the absence of --watch, and not under its name in the table.
    option.negate = false;
    command.addOption(option);
  }
  command.action(() =>
    choose({ kind: 'verb', verb, given: command.opts(), words: [...command.args] }),
  );
}

function argumentOf(name: string, { many = false }: OptionRow<unknown>): string {
  return `[${flagOf(name).slice(2)}${many ? '...' : ''}]`;
}

function helpOf(row: OptionRow<unknown>, verb: Verb): string {
  const { help = row.help, default: byDefault = row.default ?? null } = row.perVerb?.[verb] ?? {};
  const facts = [
    ...(row.required ? ['required'] : []),
    ...(byDefault === null ? [] : [`default: ${byDefault}`]),
    ...(row.env === undefined ? [] : [`env: ${row.env}`]),
  ];
  return facts.length === 0 ? help : `${help} (${facts.join(', ')})`;
}

/** The text of a commander error; for an option of other verbs, it names those verbs. */
function messageOf(error: string, name: string, table: OptionTable): string {
  const message = error.replace(/^error: /, `${name}: `);
  const flag = /unknown option '(--[\w-]+)/.exec(error)?.[1];
  const row = Object.entries(table).find(([option]) => flagOf(option) === flag)?.[1];
  return row === undefined
    ? message
    : `${message.trimEnd()}; it is an option of ${row.verbs.join(', ')}\n`;
}

function helpWidth(columns = MAX_HELP_WIDTH): number {
  return Math.min(MAX_HELP_WIDTH, Math.max(MIN_HELP_WIDTH, columns));
}
