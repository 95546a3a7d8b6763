/** Tests the code blocks of /install for server addresses that no test can use, such as public ones. */

import { installSections } from "../../../ui/server/install_sections.ts";
import { assert, assertEquals, assertStringIncludes } from "../../support/assert.ts";

function codeFor(server: string, client = "default"): string {
  const page = { basePath: "", server, client, needsKey: false, version: "1.2.3" };
  return installSections(page).flatMap(({ blocks }) => blocks.map(({ code }) => code)).join("\n");
}

Deno.test("installSections() tells pip to trust a host only where pip would refuse it", () => {
  const table: readonly (readonly [server: string, trusted: string | null])[] = [
    ["http://10.0.0.5:8000", "10.0.0.5:8000"],
    ["http://ci.example.org", "ci.example.org"],
    ["http://[fd00::1]:8000", "'[fd00::1]:8000'"],
    ["https://10.0.0.5:8000", null],
    ["http://127.0.0.1:8000", null],
    ["http://localhost:8000", null],
    ["http://[::1]:8000", null],
  ];
  for (const [server, trusted] of table) {
    assertEquals(codeFor(server).match(/--trusted-host (\S+)/)?.[1] ?? null, trusted, server);
  }
});

Deno.test("installSections() quotes addresses that a shell would change", () => {
  const code = codeFor("http://[::1]:8000/tasks");
  for (
    const line of code.split("\n").filter((line) => line.includes("[::1]") && !line.startsWith("import"))
  ) {
    assert(/'[^']*\[::1\][^']*'/.test(line), line);
  }
  assertStringIncludes(code, "curl -fsSO 'http://[::1]:8000/tasks/taskscope.py'");
  assertStringIncludes(code, "'--allow-import=[::1]:8000'");
});
