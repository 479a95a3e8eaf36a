import { Command, CommanderError, Option } from 'commander';

import { exitCode } from './exit-code.js';
import type { Host } from './host.js';
import type { OptionRow } from './options/option-row.js';
import type { Given } from './options/read-flags.js';
import { type OptionTable, flagOf, optionTable, rowsOf } from './options/table.js';
import { type Verb, verbNames, verbs } from './verbs/verb.js';

/** What the command line asks for; `answered`: it was only asked about the command, or misread. */
export type Invocation =
  | { readonly kind: 'verb'; readonly verb: Verb; readonly given: Given; readonly words: string[] }
  | { readonly kind: 'answered'; readonly exitCode: number };

/** How {@link readCommandLine} reads. */
export interface ProgramOptions {
  readonly version: string;
  /** What the command is called in its help. Default: `openrtc`. */
  readonly name?: string;
  readonly table?: OptionTable;
}

// Longer lines are hard to read.
const WIDEST = 100;
const NARROWEST = 40;

const EPILOGUE = `
Exit codes: 0 done or drained, 1 it ran and failed, 2 nothing was started, 70 a bug.
A flag goes before its environment variable.`;

/** Reads the command line. What is wrong with it, and help, is written to the host. */
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
  // Without a verb commander has shown the help, and thrown.
  return invocation ?? { kind: 'answered', exitCode: exitCode.usage };
}

function programOf(
  host: Host,
  options: ProgramOptions,
  choose: (invocation: Invocation) => void,
): Command {
  const { version, name = 'openrtc', table = optionTable } = options;
  const program = new Command(name)
    .description('Run, try and look at the voice agents of an OpenRTC pool.')
    .version(version, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [verb]', 'show the help of a verb')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void host.stdout.write(text),
      writeErr: (text) => void host.stderr.write(text),
      getOutHelpWidth: () => widthOf(host.stdout.columns),
      getErrHelpWidth: () => widthOf(host.stderr.columns),
      outputError: (text, write) => write(wordsOf(text, name, table)),
    })
    .addHelpText('after', EPILOGUE);
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
    // Reading the values says it better.
    .allowExcessArguments();
  for (const [name, row] of rowsOf(verb, table)) {
    if (row.position !== undefined)
      command.argument(`[${flagOf(name).slice(2)}]`, `the same as ${flagOf(name)}`);
    command.addOption(new Option([flagOf(name), row.takes].join(' ').trim(), helpOf(row)));
  }
  command.action(() =>
    choose({ kind: 'verb', verb, given: command.opts(), words: [...command.args] }),
  );
}

function helpOf(row: OptionRow<unknown>): string {
  const facts = [
    ...(row.required ? ['required'] : []),
    ...(row.default === undefined ? [] : [`default: ${row.default}`]),
    ...(row.env === undefined ? [] : [`env: ${row.env}`]),
  ];
  return facts.length === 0 ? row.help : `${row.help} (${facts.join(', ')})`;
}

/** An error of commander, as one of this command; with the verbs that know an option this one does not. */
function wordsOf(error: string, name: string, table: OptionTable): string {
  const words = error.replace(/^error: /, `${name}: `);
  const flag = /unknown option '(--[\w-]+)/.exec(error)?.[1];
  const row = Object.entries(table).find(([option]) => flagOf(option) === flag)?.[1];
  return row === undefined
    ? words
    : `${words.trimEnd()}; it is an option of ${row.verbs.join(', ')}\n`;
}

function widthOf(columns = WIDEST): number {
  return Math.min(WIDEST, Math.max(NARROWEST, columns));
}
