/**
 * Joins the modules of a Python package to one file that behaves like the package.
 *
 * @module
 */

const PACKAGE = "taskscope";
const PUBLIC = `${PACKAGE}/__init__.py`;
const BARS = `${PACKAGE}/tqdm.py`;

/** An import of other modules of the package, perhaps over several lines. */
const OWN_IMPORT = /^from \.\w* import (?:\([^)]*\)|[^\n(]*)\n/gm;
const FUTURE_IMPORT = /^from __future__ import annotations\n/gm;
/** The text at the start of a module that describes it. */
const DOCSTRING = /^"""[\s\S]*?"""\n/;

/** The submodule `taskscope.tqdm`, which imports tqdm only if it is used. */
const SUBMODULE = `
class _TqdmModule(types.ModuleType):
    """Progress bars that report. The module imports tqdm when one of its names is first used."""

    __all__ = ["tqdm", "trange"]

    def __getattr__(self, name: str) -> Any:
        if name not in self.__all__:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        self.tqdm, self.trange = reporting_tqdm()
        return self.__dict__[name]


sys.modules[f"{__name__}.tqdm"] = tqdm = _TqdmModule(f"{__name__}.tqdm")
`;

/**
 * Joins modules to one file.
 *
 * @param files the text of each module, by its path
 * @param license the licence, for the head of the file
 * @returns the text of the file
 * @throws {Error} if two modules define the same name, or import each other
 */
export function joinModules(files: ReadonlyMap<string, string>, license: string): string {
  const modules = inOrder(files);
  checkNames(modules);
  const [docstring = ""] = DOCSTRING.exec(files.get(PUBLIC)!) ?? [];
  const bodies = modules.map(([path, text]) => `# ${path}\n\n${withoutImports(text).trim()}\n`);
  const end = files.get(PUBLIC)!.replace(DOCSTRING, "").replace(OWN_IMPORT, "").trim();
  const head = license.trim().split("\n").map((line) => `# ${line}`.trimEnd()).join("\n");
  return [
    `${head}\n\n${docstring}`,
    `from __future__ import annotations\n\n${standardImports(modules.map(([, text]) => text)).join("\n")}\n`,
    ...bodies,
    `# ${BARS}\n${SUBMODULE}`,
    `# ${PUBLIC}\n\n${end}\n`,
  ].join("\n");
}

/** Returns the private modules, each after those that it imports. */
function inOrder(files: ReadonlyMap<string, string>): [path: string, text: string][] {
  const left = new Map(
    [...files].filter(([path]) => path !== PUBLIC && path !== BARS && path.endsWith(".py")),
  );
  const ordered: [string, string][] = [];
  while (left.size > 0) {
    const next = [...left].find(([, text]) => importedBy(text).every((path) => !left.has(path)));
    if (next === undefined) {
      throw new Error(`Cannot join ${[...left.keys()].join(", ")}: they import each other`);
    }
    ordered.push(next);
    left.delete(next[0]);
  }
  return ordered;
}

function importedBy(text: string): string[] {
  return Array.from(text.matchAll(/^from \.(\w+) import/gm), ([, name]) => `${PACKAGE}/${name}.py`);
}

/** Checks that no two modules define the same name, because they share one namespace. */
function checkNames(modules: readonly (readonly [path: string, text: string])[]): void {
  const paths = new Map<string, string>();
  for (const [path, text] of modules) {
    const names = Array.from(
      text.matchAll(/^(?:(?:async )?def|class) (\w+)|^(\w+)(?::.*)? = /gm),
      ([, def, variable]) => def ?? variable!,
    );
    for (const name of new Set(names)) {
      const other = paths.get(name);
      if (other !== undefined) throw new Error(`Cannot join ${other} and ${path}: both define ${name}`);
      paths.set(name, path);
    }
  }
}

/** Returns the imports of the standard library at the top of modules, merged and sorted. */
function standardImports(texts: readonly string[]): string[] {
  const modules = new Set(["sys", "types"]);
  const names = new Map<string, Set<string>>([["typing", new Set(["Any"])]]);
  for (const text of texts) {
    for (const [, module] of text.matchAll(/^import ([\w.]+)$/gm)) modules.add(module!);
    for (const [, module, list] of text.matchAll(/^from (\w[\w.]*) import ([^\n(]+)$/gm)) {
      if (module === "__future__") continue;
      const known = names.get(module!) ?? new Set();
      for (const name of list!.split(",")) known.add(name.trim());
      names.set(module!, known);
    }
  }
  return [
    ...[...modules].sort().map((module) => `import ${module}`),
    ...[...names].sort().map(([module, list]) => `from ${module} import ${[...list].sort().join(", ")}`),
  ];
}

function withoutImports(text: string): string {
  return text.replace(DOCSTRING, "").replace(FUTURE_IMPORT, "").replace(OWN_IMPORT, "")
    .replace(/^import [\w.]+\n|^from \w[\w.]* import [^\n(]+\n/gm, "");
}
