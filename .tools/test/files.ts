/**
 * Finds the test files, and divides them into groups in the order in which they run.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url);
const TEST_FILE = /_test\.tsx?$/;
const END_TO_END = "tests/e2e/";

/** The slowest files, which are started first, so that no lane still runs one of them when all others are done. */
const SLOW: readonly string[] = [
  "tests/e2e/shell_test.ts",
  "tests/e2e/page_restart_test.ts",
  "tests/e2e/resume_test.ts",
  "tests/e2e/released_test.ts",
  "tests/lib/reporters/npm/restart_test.ts",
  "tests/e2e/attacks_test.ts",
  "tests/e2e/program/main_test.ts",
  "tests/e2e/tabs_test.ts",
  "tests/e2e/install_page_test.ts",
  "tests/e2e/crash_test.ts",
  "tests/e2e/page_rows_test.ts",
  "tests/e2e/set_clock_test.ts",
  "tests/e2e/page_list_test.ts",
  "tests/e2e/storage_test.ts",
  "tests/e2e/cluster_test.ts",
  "tests/e2e/bursts_test.ts",
  "tests/e2e/page_task_test.ts",
  "tests/e2e/clocks_test.ts",
  "tests/e2e/page_test.ts",
  "tests/e2e/proxy_test.ts",
  "tests/lib/store/postgres/postgres_store_test.ts",
  "tests/lib/store/postgres/postgres_failures_test.ts",
  "tests/lib/store/postgres/postgres_failover_test.ts",
  "tests/lib/store/postgres/postgres_leases_test.ts",
  "tests/lib/store/postgres/follower_store_test.ts",
  "tests/lib/store/postgres/postgres_refusals_test.ts",
  "tests/e2e/program/nested_test.ts",
  "tests/e2e/page_log_test.ts",
  "tests/e2e/program/fuzz_test.ts",
  "tests/e2e/program/run_tools_test.ts",
  "tests/lib/reading/progress_reader_test.ts",
  "tests/lib/reporters/npm/node_test.ts",
  "tests/lib/monitor/cluster_tasks_test.ts",
  "tests/lib/monitor/cluster_starts_test.ts",
  "tests/lib/hub/resume_test.ts",
  "tests/lib/reporters/npm/package_test.ts",
  "tests/lib/reporters/python/outages_test.ts",
  "tests/lib/reporters/python/processes_test.ts",
  "tests/lib/store/sqlite/sqlite_store_test.ts",
  "tests/lib/channel/bus_test.ts",
  "tests/lib/remote/remote_sink_cuts_test.ts",
  "tests/lib/http/access_table_test.ts",
];

const UNIT_RANK = SLOW.length + 1;

/**
 * The maximum number of files per process; small files share a process, because the start of a process takes
 * as long as their tests.
 */
const GROUP_SIZE = 8;

/**
 * Finds the test files in the given folders and files.
 *
 * @param paths the files and folders, relative to the project; empty for all tests
 * @param options whether to leave out the end-to-end tests
 * @returns the paths of the test files, relative to the project, sorted
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

/**
 * Divides test files into groups, each of which runs in one process. Each slow file and each end-to-end test is a group of
 * its own; these groups come first, beginning with the slowest. The other files of a folder share groups.
 */
export function groupFiles(files: readonly string[]): string[][] {
  const groups: string[][] = [];
  for (const file of files.toSorted((a, b) => rank(a) - rank(b))) {
    const group = groups.at(-1);
    if (group !== undefined && group.length < GROUP_SIZE && canShare(group[0]!, file)) group.push(file);
    else groups.push([file]);
  }
  return groups;
}

/** Whether any of the given test files opens a browser. */
export async function needBrowser(files: readonly string[]): Promise<boolean> {
  for (const file of files) {
    if ((await Deno.readTextFile(new URL(file, ROOT))).includes("/support/browser.ts")) return true;
  }
  return false;
}

/** The slowest files; a test checks that each of them still exists. */
export const SLOW_FILES: readonly string[] = SLOW;

function canShare(one: string, other: string): boolean {
  return [one, other].every((file) => rank(file) === UNIT_RANK) && folderOf(one) === folderOf(other);
}

function folderOf(file: string): string {
  return file.slice(0, file.lastIndexOf("/"));
}

function rank(file: string): number {
  const place = SLOW.indexOf(file);
  if (place >= 0) return place;
  return file.startsWith(END_TO_END) ? SLOW.length : UNIT_RANK;
}

async function listFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))) {
    if (isDirectory) files.push(...await listFiles(`${folder}${name}/`));
    else if (TEST_FILE.test(name)) files.push(`${folder}${name}`);
  }
  return files.sort();
}
