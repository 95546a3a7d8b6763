/**
 * Demo task: computes a checksum of all files below a folder.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import type { MonitoredTask } from "../monitored.ts";
import { Places } from "./places.ts";
import { object } from "../task/field_checks.ts";
import type { JsonObject } from "../task/task.ts";

/** The result of the task. */
export type FolderChecksum = {
  /** The number of files read. */
  readonly files: number;
  /** The total size of the files, in bytes. */
  readonly bytes: number;
  /** The number of files and folders that could not be read; the task's log lists them. */
  readonly skipped: number;
  /** The SHA-256 in hexadecimal of one line `<SHA-256 of the file>  <path>` per file, sorted by path. */
  readonly checksum: string;
};

// The number of files that one run reads at the same time: enough to hide the latency of opening small files; more
// would only compete for the disk.
const READERS = 4;
const CHUNK_BYTES = 256 * 1024;

/** The maximum number of folders that are read at the same time, each with {@linkcode READERS} open files. */
const MAX_FOLDERS = 8;

const places = new Places(MAX_FOLDERS);

/**
 * Creates a task that reads every file below a folder and computes one checksum of all of them. The checksum
 * equals the output of `find . -type f -printf '%P\n' | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum`,
 * run in that folder.
 *
 * Symbolic links are not followed, which excludes cycles and paths outside the folder. Files that can't be
 * read are skipped, counted and logged.
 *
 * @param root the folder that limits what can be read; a relative path is resolved against the working
 * directory
 * @returns the task. The `folder` in its input is a path below `root`; the default is `root` itself. The task
 * throws `TypeError` if `folder` is not a string, `RangeError` if it is outside `root`,
 * `Deno.errors.NotFound` or `Deno.errors.NotADirectory` if it is not a folder, and the signal's reason if it
 * is cancelled
 */
export function checksumFolder(
  root: string,
): (task: MonitoredTask, input?: JsonObject) => Promise<FolderChecksum> {
  return async function checksum_folder(task, input = {}) {
    const folder = await resolveFolder(root, object(input, "input").folder ?? ".");
    if (places.isFull) task.update({ status: "Waiting for other folders to be read" });
    return await places.use(task.signal, () => new ChecksumRun(task, folder).run());
  };
}

async function resolveFolder(root: string, folder: unknown): Promise<string> {
  if (typeof folder !== "string") {
    throw new TypeError(
      `Cannot read folder: "folder" must be a string, received ${JSON.stringify(folder)}`,
    );
  }
  const realRoot = await Deno.realPath(root);
  const outside = new RangeError(
    `Cannot read folder: wanted a path below the configured root, received "${folder}"`,
  );
  const target = resolve(realRoot, folder);
  // The path is first checked as text, because accessing a path outside the root would reveal whether it
  // exists.
  const isAllowed = isAbsolute(folder) ? isInside(resolve(root), target) || isInside(realRoot, target) : true;
  if (!isAllowed || folder.split(/[\\/]/).includes("..")) throw outside;
  let realTarget: string;
  try {
    realTarget = await Deno.realPath(target);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound(`Cannot read folder: there is no "${folder}" below the configured root`);
  }
  if (!isInside(realRoot, realTarget)) throw outside;
  if (!(await Deno.stat(realTarget)).isDirectory) {
    throw new Deno.errors.NotADirectory(`Cannot read folder: "${folder}" is a file`);
  }
  return realTarget;
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

interface FoundFile {
  /** The path relative to the folder, with slashes. */
  readonly path: string;
  /** The size at the time of the listing, in bytes. */
  readonly size: number;
}

class ChecksumRun {
  readonly #task: MonitoredTask;
  readonly #folder: string;
  readonly #hashes = new Map<string, string>();
  #started = 0;
  #bytes = 0;
  #total = 0;
  #skipped = 0;

  constructor(task: MonitoredTask, folder: string) {
    this.#task = task;
    this.#folder = folder;
  }

  async run(): Promise<FolderChecksum> {
    const found = await this.#find();
    const queue = found.values();
    const readers = Array.from({ length: READERS }, () => this.#readAll(queue, found.length));
    // Waits for all readers, so that no reader continues after the task has ended.
    const failed = (await Promise.allSettled(readers)).find((reader) => reader.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    const checksum = createHash("sha256");
    for (const path of [...this.#hashes.keys()].sort()) {
      checksum.update(`${this.#hashes.get(path)}  ${path}\n`);
    }
    const files = this.#hashes.size;
    await this.#task.update({ status: `Read ${files} files`, current: this.#bytes, total: this.#total });
    return { files, bytes: this.#bytes, skipped: this.#skipped, checksum: checksum.digest("hex") };
  }

  async #find(): Promise<FoundFile[]> {
    await this.#task.update({ status: "Looking for files", unit: "B" });
    const found: FoundFile[] = [];
    const folders = [""];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      this.#task.signal.throwIfAborted();
      try {
        for await (const entry of Deno.readDir(join(this.#folder, folder))) {
          const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
          if (entry.isDirectory) folders.push(path);
          if (entry.isFile) await this.#add(found, path);
        }
      } catch (error) {
        this.#skip(folder === "" ? "the folder itself" : folder, error);
      }
      await this.#task.update({ status: `Found ${found.length} files` });
    }
    return found;
  }

  async #add(found: FoundFile[], path: string): Promise<void> {
    this.#task.signal.throwIfAborted();
    try {
      const { size } = await Deno.lstat(join(this.#folder, path));
      found.push({ path, size });
      this.#total += size;
    } catch (error) {
      this.#skip(path, error);
    }
  }

  async #readAll(queue: Iterator<FoundFile>, files: number): Promise<void> {
    const chunk = new Uint8Array(CHUNK_BYTES);
    for (let next = queue.next(); !next.done; next = queue.next()) {
      const { path, size } = next.value;
      this.#started += 1;
      const status = `Reading ${path} (${this.#started} of ${files})`;
      let share = size;
      let read = 0;
      const advance = async (length: number) => {
        read += length;
        this.#bytes += length;
        // The file has grown since the listing, so the total is corrected; otherwise, `current` would exceed
        // `total`.
        if (read > share) {
          this.#total += read - share;
          share = read;
        }
        await this.#task.update({ status, current: this.#bytes, total: this.#total });
        this.#task.signal.throwIfAborted();
      };
      try {
        await advance(0);
        this.#hashes.set(path, await this.#hash(path, chunk, advance));
      } catch (error) {
        this.#skip(path, error);
        this.#bytes -= read;
        read = 0;
      }
      this.#total += read - share;
    }
  }

  async #hash(path: string, chunk: Uint8Array, advance: (length: number) => Promise<void>): Promise<string> {
    using file = await Deno.open(join(this.#folder, path));
    const hash = createHash("sha256");
    for (let length = await file.read(chunk); length !== null; length = await file.read(chunk)) {
      hash.update(chunk.subarray(0, length));
      await advance(length);
    }
    return hash.digest("hex");
  }

  /** Logs that a file can't be read. Rethrows the error if it is the task's cancellation. */
  #skip(path: string, error: unknown): void {
    this.#task.signal.throwIfAborted();
    this.#skipped += 1;
    this.#task.log(`Skipped ${path}: ${error instanceof Error ? error.name : error}`);
  }
}
