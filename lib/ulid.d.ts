export function monotonicUlid(seedTime?: number): string;
