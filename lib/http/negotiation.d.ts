export function accepts(
  request: { readonly headers: Headers },
  ...types: readonly string[]
): string | undefined;

export function acceptsEncodings(
  request: { readonly headers: Headers },
  ...encodings: readonly string[]
): string | undefined;
