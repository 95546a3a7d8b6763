/**
 * Parses the project's source files: the imports of each file, and the names that it uses.
 *
 * @module
 */

/** A source file of the project. */
export interface Source {
  /** The path relative to the project's folder, with slashes. */
  readonly path: string;
  readonly lines: number;
  /** The imports in the order of the file, including those of types. */
  readonly imports: readonly Import[];
  /** Every identifier in the file, and every string that is used as a property name in brackets. */
  readonly names: ReadonlySet<string>;
  /** The members of `Deno` that the file uses. */
  readonly denoMembers: ReadonlySet<string>;
}

/** An import, a re-export, or the URL of a module, such as that of a worker. */
export interface Import {
  /** The specifier as written in the file. */
  readonly specifier: string;
  /** The path of the imported file; `undefined` if it is not a file of the project. */
  readonly target: string | undefined;
}

const ROOT = new URL("../../", import.meta.url);

/** Parses the given TypeScript files, and all those in the given folders; skips files and folders that do not exist. */
export async function readSources(places: readonly string[]): Promise<ReadonlyMap<string, Source>> {
  const sources = new Map<string, Source>();
  for (const place of places) {
    for await (const path of filesBelow(place)) {
      if (/\.tsx?$/.test(path) && !path.endsWith(".d.ts")) {
        sources.set(path, parseSource(path, await Deno.readTextFile(new URL(path, ROOT))));
      }
    }
  }
  return sources;
}

async function* filesBelow(place: string): AsyncGenerator<string> {
  const info = await Deno.stat(new URL(place, ROOT)).catch(() => undefined);
  if (info?.isFile) yield place;
  if (!info?.isDirectory) return;
  for await (const entry of Deno.readDir(new URL(place, ROOT))) {
    if (entry.name !== "dist") yield* filesBelow(`${place}/${entry.name}`);
  }
}

/**
 * Parses one file.
 *
 * @param path the path relative to the project's folder
 * @param text the content of the file
 */
export function parseSource(path: string, text: string): Source {
  const imports: Import[] = [];
  const names = new Set<string>();
  const denoMembers = new Set<string>();
  const add = (node: Deno.lint.Expression | Deno.lint.TypeNode | null) => {
    const literal = node?.type === "TSLiteralType" ? node.literal : node;
    if (literal?.type !== "Literal" || typeof literal.value !== "string") return;
    imports.push({ specifier: literal.value, target: resolve(path, literal.value) });
  };
  const visitor: Deno.lint.LintVisitor = {
    ImportDeclaration: (node) => add(node.source),
    ExportAllDeclaration: (node) => add(node.source),
    ExportNamedDeclaration: (node) => add(node.source),
    ImportExpression: (node) => add(node.source),
    TSImportType: (node) => add(node.argument),
    NewExpression(node) {
      // An expression such as `new URL("./worker.ts", import.meta.url)` names a file, too.
      if (node.callee.type !== "Identifier" || node.callee.name !== "URL") return;
      const [first, second] = node.arguments;
      const specifier = first?.type === "Literal" ? first.value : undefined;
      if (typeof specifier === "string" && /\.tsx?$/.test(specifier) && second?.type === "MemberExpression") {
        add(first as Deno.lint.Expression);
      }
    },
    Identifier: (node) => {
      names.add(node.name);
    },
    MemberExpression(node) {
      const { object, property } = node;
      const member = property.type === "Identifier"
        ? property.name
        : property.type === "Literal"
        ? String(property.value)
        : "";
      names.add(member);
      if (isDeno(object)) denoMembers.add(member);
    },
    VariableDeclarator(node) {
      if (node.init === null || !isDeno(node.init) || node.id.type !== "ObjectPattern") return;
      for (const property of node.id.properties) {
        if (property.type === "Property" && property.key.type === "Identifier") {
          denoMembers.add(property.key.name);
        }
      }
    },
  };
  Deno.lint.runPlugin({ name: "sources", rules: { read: { create: () => visitor } } }, path, text);
  return { path, lines: text.split("\n").length - 1, imports, names, denoMembers };
}

/** Whether an expression is `Deno` or `globalThis.Deno`. */
function isDeno(node: Deno.lint.Expression | Deno.lint.Super): boolean {
  if (node.type === "Identifier") return node.name === "Deno";
  return node.type === "MemberExpression" && node.property.type === "Identifier" &&
    node.property.name === "Deno";
}

function resolve(importer: string, specifier: string): string | undefined {
  if (!/^\.{1,2}\//.test(specifier)) return undefined;
  return new URL(specifier, `file:///${importer}`).pathname.slice(1);
}

/**
 * Returns the paths of all files that a file imports directly or indirectly.
 *
 * @param sources the files by path
 * @param entry the path of the importing file, which is itself part of the result
 */
export function reachableFrom(sources: ReadonlyMap<string, Source>, entry: string): ReadonlySet<string> {
  const reached = new Set<string>();
  const open = [entry];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const source = sources.get(path);
    if (source === undefined || reached.has(path)) continue;
    reached.add(path);
    for (const { target } of source.imports) if (target !== undefined) open.push(target);
  }
  return reached;
}

/**
 * Looks for an import cycle.
 *
 * @param sources the files by path
 * @returns the paths of one cycle in order, with the first one repeated at the end; `undefined` if there is no cycle
 */
export function findCycle(sources: ReadonlyMap<string, Source>): readonly string[] | undefined {
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): readonly string[] | undefined => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const { target } of sources.get(path)?.imports ?? []) {
      const cycle = target === undefined ? undefined : visit(target, [...way, path]);
      if (cycle !== undefined) return cycle;
    }
    done.add(path);
    return undefined;
  };
  for (const path of sources.keys()) {
    const cycle = visit(path, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
