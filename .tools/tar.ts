/**
 * Writes archives whose bytes depend on nothing but the content of their files: gzipped tar without compression, because
 * the output of a compressor differs between its versions.
 *
 * @module
 */

import { crc32 } from "node:zlib";

/** A file of an archive. */
export interface ArchivedFile {
  /** The path in the archive, with slashes: at most 100 ASCII characters. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Whether the file is a program; `false` by default. */
  readonly isExecutable?: boolean;
}

const BLOCK = 512;
/** The time of all files, in epoch seconds: 1985-10-26, as npm sets it, because zero confuses some programs. */
const MODIFIED = 499_162_500;
/** The maximum length of a stored block of deflate (RFC 1951, section 3.2.4). */
const STORED_BYTES = 65_535;

const encoder = new TextEncoder();

/**
 * Creates a `.tar.gz` archive.
 *
 * @param files the files, in the order of the archive
 * @returns the archive; the same files always yield the same bytes
 * @throws {RangeError} if a path is too long or not ASCII
 */
export function createTarGz(files: readonly ArchivedFile[]): Uint8Array<ArrayBuffer> {
  return gzip(createTar(files));
}

/**
 * Creates a `.tar` archive.
 *
 * @param files the files, in the order of the archive
 * @returns the archive; the same files always yield the same bytes
 * @throws {RangeError} if a path is too long or not ASCII
 */
export function createTar(files: readonly ArchivedFile[]): Uint8Array<ArrayBuffer> {
  const parts = files.flatMap((file) => [
    headerOf(file),
    file.bytes,
    new Uint8Array(-file.bytes.length & (BLOCK - 1)),
  ]);
  // Two empty blocks end the archive.
  return concat([...parts, new Uint8Array(2 * BLOCK)]);
}

/** Creates a header in the format "ustar" (POSIX.1-1988). */
function headerOf({ path, bytes, isExecutable = false }: ArchivedFile): Uint8Array<ArrayBuffer> {
  if (!/^[\x21-\x7e]{1,100}$/.test(path)) {
    throw new RangeError(`Cannot archive "${path}": the path is unusual`);
  }
  const header = new Uint8Array(BLOCK);
  const write = (offset: number, text: string) => header.set(encoder.encode(text), offset);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0")}\0`;
  write(0, path);
  write(100, octal(isExecutable ? 0o755 : 0o644, 7));
  write(108, octal(0, 7)); // owner
  write(116, octal(0, 7)); // group
  write(124, octal(bytes.length, 11));
  write(136, octal(MODIFIED, 11));
  write(148, " ".repeat(8)); // the checksum counts as spaces while it is computed
  write(156, "0"); // a regular file
  write(257, "ustar\x0000");
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  write(148, `${checksum.toString(8).padStart(6, "0")}\0 `);
  return header;
}

/** Wraps bytes into the gzip format (RFC 1952), without compressing them. */
function gzip(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const blocks: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; start += STORED_BYTES) {
    const stored = bytes.subarray(start, start + STORED_BYTES);
    const isLast = start + STORED_BYTES >= bytes.length;
    const head = new DataView(new ArrayBuffer(5));
    head.setUint8(0, isLast ? 1 : 0);
    head.setUint16(1, stored.length, true);
    head.setUint16(3, ~stored.length & 0xffff, true);
    blocks.push(new Uint8Array(head.buffer), stored);
  }
  const trailer = new DataView(new ArrayBuffer(8));
  trailer.setUint32(0, crc32(bytes), true);
  trailer.setUint32(4, bytes.length, true);
  // The gzip header, with no file name, no time and an unknown system.
  const header = new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
  return concat([header, ...blocks, new Uint8Array(trailer.buffer)]);
}

/** Joins byte arrays. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}
