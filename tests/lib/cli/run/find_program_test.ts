import { findProgram } from "../../../../lib/cli/run/find_program.ts";
import { assertEquals } from "../../../support/assert.ts";

Deno.test("findProgram() tells whether a shell would find a program, and if not, why", async () => {
  const folder = await Deno.makeTempDir({ prefix: "taskscope-" });
  try {
    await Deno.mkdir(`${folder}/first/tool`, { recursive: true });
    await Deno.mkdir(`${folder}/second`);
    for (
      const [file, mode] of [["first/plain", 0o644], ["second/plain", 0o755], ["first/data", 0o644]] as const
    ) {
      await Deno.writeTextFile(`${folder}/${file}`, "");
      await Deno.chmod(`${folder}/${file}`, mode);
    }
    const path = `${folder}/none:${folder}/first:${folder}/second`;
    const table: [string, string | undefined, string][] = [
      ["plain", path, "found"],
      ["data", path, "not_executable"],
      ["tool", path, "not_executable"],
      ["other", path, "missing"],
      ["other", "", "missing"],
      ["", path, "missing"],
      ["plain", undefined, "unknown"],
      [`${folder}/second/plain`, undefined, "found"],
      [`${folder}/first/plain`, path, "not_executable"],
      [`${folder}/first/data/plain`, path, "missing"],
      [folder, path, "not_executable"],
      [`${folder}/other`, path, "missing"],
    ];
    for (const [name, searchPath, expected] of table) {
      assertEquals(await findProgram(name, searchPath), expected, name);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
