/** The exit codes of the command, see docs/cli-design.md. */
export const exitCode = {
  done: 0,
  /** It ran and failed. */
  failed: 1,
  /** Nothing was started: the command line, the environment, the agents. */
  usage: 2,
  /** A bug in OpenRTC. The number is EX_SOFTWARE of sysexits.h. */
  bug: 70,
} as const;

// Errors found before the first call: starting it again does not help.
const NEVER_STARTED = /^(?:CONFIG_|PREWARM_FAILED$|LINK_UNAUTHORIZED$)/;

/** The exit code for an OpenRTC error with this code. */
export function exitCodeOf(errorCode: string): number {
  if (NEVER_STARTED.test(errorCode)) return exitCode.usage;
  return errorCode === 'INTERNAL' ? exitCode.bug : exitCode.failed;
}
