/** The part of `@std/cli/parse-args` that `flags.ts` uses; its npm package has no type declarations. */
export function parseArgs(
  args: readonly string[],
  options: {
    readonly string?: readonly string[];
    readonly boolean?: readonly string[];
    readonly collect?: readonly string[];
    readonly alias?: Readonly<Record<string, string>>;
    readonly unknown?: (arg: string, key?: string, value?: unknown) => boolean | void;
  },
): { readonly _: readonly (string | number)[]; readonly [flag: string]: unknown };
