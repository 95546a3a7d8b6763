/**
 * Writes zip archives whose bytes depend on nothing but the content of their files: without compression, because the
 * output of a compressor differs between its versions.
 *
 * @module
 */

import { crc32 } from "node:zlib";
import { type ArchivedFile, concat } from "./tar.ts";

/**
 * The date of all files: 1980-01-01, the first date that the zip format can express, in the notation of that
 * format.
 */
const DATE = 0x21;
/** The version of the format that a reader needs: 2.0. */
const VERSION = 20;
/** The bit that says that paths are UTF-8. */
const UTF8 = 0x800;
/** A regular file that everybody may read, in the notation of Unix. */
const MODE = 0o100644 << 16;
/** The system whose notation `MODE` uses: Unix. */
const MADE_BY = (3 << 8) | VERSION;

const encoder = new TextEncoder();

/**
 * Creates a zip archive.
 *
 * @param files the files, in the order of the archive
 * @returns the archive; the same files always yield the same bytes
 */
export function createZip(files: readonly ArchivedFile[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const { path, bytes } of files) {
    const name = encoder.encode(path);
    // The fields that the header of a file and its entry in the directory share.
    const shared = [
      u16(VERSION, UTF8, 0, 0, DATE),
      u32(crc32(bytes), bytes.length, bytes.length),
      u16(name.length, 0),
    ];
    const header = [u32(0x04034b50), ...shared, name];
    directory.push(
      u32(0x02014b50),
      u16(MADE_BY),
      ...shared,
      u16(0, 0, 0),
      u32(MODE, offset),
      name,
    );
    parts.push(...header, bytes);
    offset += lengthOf(header) + bytes.length;
  }
  const end = [
    u32(0x06054b50),
    u16(0, 0, files.length, files.length),
    u32(lengthOf(directory), offset),
    u16(0),
  ];
  return concat([...parts, ...directory, ...end]);
}

function u16(...values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 * values.length));
  values.forEach((value, index) => view.setUint16(2 * index, value, true));
  return new Uint8Array(view.buffer);
}

function u32(...values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, index) => view.setUint32(4 * index, value >>> 0, true));
  return new Uint8Array(view.buffer);
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}
