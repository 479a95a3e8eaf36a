import { OpenRtcError, isOpenRtcError } from './errors.js';

/**
 * Runs all checks, and throws what they throw as one error: whoever mends a configuration wants to know everything that
 * is wrong with it.
 * @throws the error, when there is one; for several an OpenRtcError with the code of the first, a message with a line for
 * each, and an AggregateError of them as its cause
 */
export function checkAll(checks: readonly (() => void)[]): void {
  const faults = checks.flatMap((check): readonly OpenRtcError[] => {
    try {
      check();
      return [];
    } catch (error) {
      if (!isOpenRtcError(error)) throw error;
      return faultsOf(error);
    }
  });
  const [first, second] = faults;
  if (first === undefined) return;
  if (second === undefined) throw first;
  const lines = faults.map(({ message }) => `\n  ${message}`).join('');
  throw new OpenRtcError(first.code, `${faults.length} things are wrong:${lines}`, {
    cause: new AggregateError(faults, SEVERAL),
  });
}

const SEVERAL = 'several faults of a configuration';

/** The faults in an error of {@link checkAll}; the error itself when it is a single one. */
export function faultsOf(error: OpenRtcError): readonly OpenRtcError[] {
  const { cause } = error;
  return cause instanceof AggregateError && cause.message === SEVERAL
    ? (cause.errors as readonly OpenRtcError[])
    : [error];
}
