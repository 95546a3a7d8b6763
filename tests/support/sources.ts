/**
 * The project's own source as a graph: what each file imports and which names it uses, from the syntax tree.
 *
 * @module
 */

/** One file of the source. */
export interface Source {
  /** Relative to the project, with slashes. */
  readonly path: string;
  readonly lines: number;
  /** In the order in which they stand, types included. */
  readonly imports: readonly Import[];
  /** Every identifier, and every text that a member is accessed by. */
  readonly names: ReadonlySet<string>;
  /** The members of `Deno` that the file uses. */
  readonly denoMembers: ReadonlySet<string>;
}

/** One way from a file to another. */
export interface Import {
  /** As written. */
  readonly specifier: string;
  /** The path of the file where it is one of the project's, else `undefined`. */
  readonly target: string | undefined;
}

const ROOT = new URL("../../", import.meta.url);

/** Reads and parses every TypeScript file of the project below some folders and files; what does not exist is left out. */
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
 * @param path relative to the project
 * @param text what the file holds
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
      // new URL("./worker.ts", import.meta.url)
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

/** `Deno`, `globalThis.Deno`. */
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
 * All files that can be reached from one.
 *
 * @param sources the graph
 * @param entry where to begin; it is part of the answer
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
 * Looks for files that import themselves by way of others.
 *
 * @param sources the graph
 * @returns the files of one cycle in order, the first one again at the end; `undefined` where there is none
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
