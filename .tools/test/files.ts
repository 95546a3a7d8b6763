/**
 * Finds the test files and decides in which order they run.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url);
const TEST_FILE = /_test\.tsx?$/;
const END_TO_END = "tests/e2e/";

/** The files that take longest, started first so that no lane is left waiting for one of them at the end. */
const SLOW: readonly string[] = [
  "tests/e2e/page_restart_test.ts",
  "tests/e2e/shell_test.ts",
  "tests/e2e/remote_restart_test.ts",
  "tests/e2e/crash_test.ts",
  "tests/e2e/page_list_test.ts",
  "tests/e2e/program/run_tools_test.ts",
  "tests/e2e/proxy_test.ts",
  "tests/e2e/page_test.ts",
  "tests/e2e/page_task_test.ts",
  "tests/lib/store/sqlite/sqlite_store_test.ts",
  "tests/lib/hub/resume_test.ts",
  "tests/lib/channel/bus_test.ts",
  "tests/lib/remote/remote_sink_cuts_test.ts",
  "tests/lib/http/access_table_test.ts",
];

/** Files that measure time, or need both cores: they run after all others, one at a time. */
const ALONE: readonly string[] = [];

/**
 * Finds test files.
 *
 * @param paths files and folders, relative to the project; all tests if empty
 * @param options whether to leave out the end-to-end tests
 * @returns paths relative to the project, sorted
 */
export async function findTestFiles(
  paths: readonly string[],
  options: { readonly isUnit?: boolean } = {},
): Promise<string[]> {
  const all = await listFiles("tests/");
  const wanted = paths.map((path) => path.replace(/^\.\//, "").replace(/\/$/, ""));
  return all.filter((file) => {
    if (options.isUnit && file.startsWith(END_TO_END)) return false;
    return wanted.length === 0 || wanted.some((path) => file === path || file.startsWith(`${path}/`));
  });
}

/** Sorts files so that the slowest start first; end-to-end tests come before unit tests. */
export function slowestFirst(files: readonly string[]): string[] {
  return files.toSorted((a, b) => rank(a) - rank(b));
}

/** Whether nothing may run beside a test file. */
export function runsAlone(file: string): boolean {
  return ALONE.includes(file);
}

/** The files that are named here, so that a test can find out that one is gone. */
export const NAMED_FILES: readonly string[] = [...SLOW, ...ALONE];

function rank(file: string): number {
  const place = SLOW.indexOf(file);
  if (place >= 0) return place;
  return SLOW.length + (file.startsWith(END_TO_END) ? 0 : file.startsWith("tests/lib/cli/") ? 1 : 2);
}

async function listFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))) {
    if (isDirectory) files.push(...await listFiles(`${folder}${name}/`));
    else if (TEST_FILE.test(name)) files.push(`${folder}${name}`);
  }
  return files.sort();
}
