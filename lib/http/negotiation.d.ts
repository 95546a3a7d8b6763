export function accepts(
  request: { readonly headers: Headers },
  ...types: readonly string[]
): string | undefined;
