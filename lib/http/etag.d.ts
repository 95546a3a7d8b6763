export function eTag(entity: string): Promise<string>;
export function ifNoneMatch(value: string | null, etag: string | undefined): boolean;
