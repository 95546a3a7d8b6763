/**
 * The files of a version that programs import or install to report.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** The content of a file: a text, or the bytes of an archive. */
export type FileContent = string | Uint8Array<ArrayBuffer>;

/** Decodes an archive, which the program embeds as Base64. */
export function decodeArchive(base64: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(base64, "base64"));
}

/** A version, and its files by their names. */
export interface Release {
  readonly version: string;
  readonly files: Readonly<Record<string, FileContent>>;
}

/** The versions that a server has. */
export interface Releases {
  /** The version of this program. */
  readonly present: Release;
  /** The versions whose files never change; the present version is among them once it is released. */
  readonly released: readonly Release[];
}

/**
 * Lists the versions that a server has, the present one first, then the others, newest first. If the present
 * version is released, its released files are listed, not the built ones.
 */
export function allReleases({ present, released }: Releases): readonly [Release, ...Release[]] {
  const own = released.find(({ version }) => version === present.version);
  return [own ?? present, ...released.filter((release) => release !== own).toReversed()];
}
