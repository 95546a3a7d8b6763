import { defaultDataFile } from "../../../lib/cli/default_data_file.ts";
import { ConfigError } from "../../../lib/errors.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

/** Returns the default data file for a port, given the operating system and environment variables. */
function dataFile(os: typeof Deno.build.os, variables: Record<string, string>, port = 8000): string {
  return defaultDataFile(port, os, (name) => variables[name]);
}

Deno.test("defaultDataFile() names a file for each port in the platform's data folder", () => {
  const home = { HOME: "/home/ada" };
  const local = "C:\\Users\\Ada\\AppData\\Local";
  const table: [typeof Deno.build.os, Record<string, string>, string][] = [
    ["linux", home, "/home/ada/.local/share/taskscope/taskscope-8000.db"],
    ["freebsd", home, "/home/ada/.local/share/taskscope/taskscope-8000.db"],
    ["linux", { ...home, XDG_DATA_HOME: "/data" }, "/data/taskscope/taskscope-8000.db"],
    ["linux", { XDG_DATA_HOME: "/data" }, "/data/taskscope/taskscope-8000.db"],
    ["darwin", { HOME: "/Users/ada" }, "/Users/ada/Library/Application Support/taskscope/taskscope-8000.db"],
    // The environment variables of other platforms are ignored.
    [
      "darwin",
      { HOME: "/Users/ada", XDG_DATA_HOME: "/data", LOCALAPPDATA: local },
      "/Users/ada/Library/Application Support/taskscope/taskscope-8000.db",
    ],
    ["windows", { LOCALAPPDATA: local }, `${local}\\taskscope\\taskscope-8000.db`],
    [
      "windows",
      { ...home, XDG_DATA_HOME: "/data", LOCALAPPDATA: local },
      `${local}\\taskscope\\taskscope-8000.db`,
    ],
  ];
  for (const [os, variables, file] of table) assertEquals(dataFile(os, variables), file);
  assertEquals(dataFile("linux", home, 65_535), "/home/ada/.local/share/taskscope/taskscope-65535.db");
});

Deno.test("defaultDataFile() ignores an XDG_DATA_HOME that is relative or empty", () => {
  for (const folder of ["", "data", "./data", "../data", "~/data"]) {
    const file = dataFile("linux", { HOME: "/home/ada", XDG_DATA_HOME: folder });
    assertEquals(file, "/home/ada/.local/share/taskscope/taskscope-8000.db", folder);
    assertThrows(() => dataFile("linux", { XDG_DATA_HOME: folder }), ConfigError);
  }
});

Deno.test("defaultDataFile() returns :memory: for port 0", () => {
  for (const os of ["linux", "darwin", "windows"] as const) {
    assertEquals(dataFile(os, { HOME: "/home/ada", LOCALAPPDATA: "C:\\Local" }, 0), ":memory:");
    assertEquals(dataFile(os, {}, 0), ":memory:");
  }
});

Deno.test("defaultDataFile() throws if the home folder is unknown", () => {
  for (const os of ["linux", "darwin", "windows"] as const) {
    for (const variables of [{}, { HOME: "", LOCALAPPDATA: "", XDG_DATA_HOME: "" }]) {
      const variable = os === "windows" ? "LOCALAPPDATA" : "HOME";
      assertEquals(
        assertThrows(() => dataFile(os, variables), ConfigError).message,
        `Cannot choose a file for tasks: ${variable} is not set; give --data a file, or :memory: to store nothing`,
      );
    }
  }
  assertThrows(() => dataFile("windows", { HOME: "/home/ada" }), ConfigError);
});
