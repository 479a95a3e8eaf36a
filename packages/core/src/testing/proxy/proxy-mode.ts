/**
 * What a proxy does with its connections:
 *
 * - `pass`: carries bytes both ways
 * - `cut`: closes every connection with a reset, and every new one as soon as it comes
 * - `half_open`: keeps every connection, reads nothing from it and writes nothing to it, as if a cable
 *   had been pulled; new ones are taken and hear nothing
 */
export type ProxyMode = 'pass' | 'cut' | 'half_open';
