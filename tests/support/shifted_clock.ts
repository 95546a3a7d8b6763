/**
 * Shifts the wall clock of a program that is started with `--preload` of this module, by the seconds in the query
 * of its URL, such as `?3600`.
 *
 * @module
 */

const shiftMs = Number(new URL(import.meta.url).search.slice(1)) * 1_000;
const RealDate = Date;

globalThis.Date = class extends RealDate {
  constructor(...args: unknown[]) {
    super(...(args.length === 0 ? [RealDate.now() + shiftMs] : args) as [number]);
  }

  static override now(): number {
    return RealDate.now() + shiftMs;
  }
} as typeof Date;
