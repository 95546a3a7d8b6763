export function eTag(entity: string): Promise<string>;
