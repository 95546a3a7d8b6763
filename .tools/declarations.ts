/**
 * Prunes the output of `deno bundle --declaration` to the public declarations and their dependencies; `deno bundle` itself
 * declares everything in every module, and exports all of it.
 *
 * @module
 */

/** A top-level declaration with its doc comment. */
interface Declaration {
  readonly comment: string;
  readonly text: string;
  readonly name: string;
}

/**
 * Keeps the declarations that are reachable from the public names, and exports only the public ones.
 *
 * @param source the declarations of all modules, concatenated
 * @param publicNames the names that the module exports
 * @returns a declaration file without imports
 * @throws {Error} if two modules declare the same name, or none declares a public name
 */
export function pruneDeclarations(source: string, publicNames: ReadonlySet<string>): string {
  const byName = new Map<string, Declaration[]>();
  for (const declaration of splitDeclarations(source)) {
    const others = byName.get(declaration.name) ?? [];
    const overload = isFunction(declaration) && others.every(isFunction);
    if (others.length > 0 && !overload) {
      throw new Error(`Cannot make declarations: two modules declare "${declaration.name}"`);
    }
    byName.set(declaration.name, [...others, declaration]);
  }
  const kept = new Set<string>();
  const wanted = [...publicNames];
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    if (kept.has(name)) continue;
    kept.add(name);
    const declarations = byName.get(name);
    if (declarations === undefined) throw new Error(`Cannot make declarations: nothing declares "${name}"`);
    for (const { text } of declarations) {
      const words = text.replace(COMMENT, " ").match(/[A-Za-z_$][\w$]*/g) ?? [];
      wanted.push(...words.filter((word) => byName.has(word)));
    }
  }
  const parts: string[] = [];
  for (const [name, declarations] of byName) {
    if (!kept.has(name)) continue;
    for (const { comment, text } of declarations) {
      const bare = text.replace(/^export\s+/, "");
      parts.push(unfold(`${comment}\n${publicNames.has(name) ? `export ${bare}` : bare}\n`));
    }
  }
  // Without an export list, a declaration file exports every declaration.
  return `${parts.join("")}export {};\n`;
}

const COMMENT = /\/\*[\s\S]*?\*\//g;
const HEAD =
  /^(?:export\s+)?(?:declare\s+)?(?:abstract\s+)?(interface|type|class|function|const|let|enum)\s+([\w$]+)/;

/** Splits the source into its top-level declarations, which end at a semicolon or at the closing brace of their body. */
function splitDeclarations(source: string): Declaration[] {
  const declarations: Declaration[] = [];
  const token =
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|[{}()[\];]|[^\s]/g;
  let comment = "";
  let start = -1;
  let depth = 0;
  for (const match of source.matchAll(token)) {
    const [text] = match;
    const isComment = text.startsWith("/*") || text.startsWith("//");
    if (start < 0 && isComment) {
      comment = text;
      continue;
    }
    if (isComment) continue;
    if (start < 0) start = match.index;
    if ("{([".includes(text)) depth += 1;
    if ("})]".includes(text)) depth -= 1;
    if (depth > 0 || (text !== ";" && text !== "}")) continue;
    const declaration = source.slice(start, match.index + text.length);
    const head = HEAD.exec(declaration);
    const hasBody = head !== null && /^(interface|class|enum)$/.test(head[1]!);
    if (text === "}" && !hasBody) continue;
    if (head !== null) declarations.push({ comment, text: declaration, name: head[2]! });
    else if (!/^(import|export)\b/.test(declaration)) {
      throw new Error(`Cannot make declarations: unknown declaration "${declaration.slice(0, 80)}"`);
    }
    comment = "";
    start = -1;
  }
  return declarations;
}

function isFunction(declaration: Declaration): boolean {
  return HEAD.exec(declaration.text)?.[1] === "function";
}

/** Restores the line breaks of comments, some of which the bundler has joined into one line. */
function unfold(text: string): string {
  return text.replace(/\/\*\* \* ([^\n]*?) \*\/ ?/g, (_comment, content: string) => {
    return `\n/**\n * ${content.replaceAll(" * ", "\n * ").replaceAll("* * ", "*\n * ")}\n */\n`;
  });
}
