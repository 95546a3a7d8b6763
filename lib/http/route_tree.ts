/**
 * Finds the routes that match the path of a request.
 *
 * @module
 */

import { CLIENT_RULE, isClientToken, isTaskId, TASK_ID_RULE } from "../task/grammar.ts";
import { Problem } from "./problem.ts";
import { type Method, METHODS, type PathParam, type PathParams, type Route } from "./route.ts";

/** A resource: the routes of one path. */
export interface Resource<Areas> {
  /** Whether the path is the path of a folder, which ends with a slash. */
  readonly isFolder: boolean;
  readonly routes: { readonly [M in Method]?: Route<Areas> };
  /** The methods that pages of other origins may use. */
  readonly sharedMethods: readonly Method[];
}

/**
 * The resource that a path matched, and the path's segments that are values of parameters, still
 * percent-encoded.
 */
export interface Match<Areas> {
  readonly resource: Resource<Areas>;
  readonly names: readonly PathParam[];
  readonly values: readonly string[];
}

/** A node of the tree, which stands for the beginning of a path. */
interface Node<Areas> {
  readonly literals: Map<string, Node<Areas>>;
  readonly params: { readonly prefix: string; readonly suffix: string; readonly node: Node<Areas> }[];
  end: { readonly resource: Resource<Areas>; readonly names: readonly PathParam[] } | null;
}

const PARAM = /^([^{]*)\{(\w+)\}(.*)$/;

/**
 * A tree of routes by the segments of their paths. A literal segment takes precedence over a parameter. The
 * literals of a route match only if they are not percent-encoded, although RFC 3986 calls `%6Detrics` and
 * `metrics` equivalent: a reverse proxy that compares paths as text would let the encoded form pass a rule
 * for the plain one. No client encodes letters unasked, so no client's requests are affected. The values of
 * parameters may be encoded in any way, and are decoded by {@linkcode paramsIn}.
 */
export class RouteTree<Areas> {
  readonly #root: Node<Areas> = newNode();

  /** @param routes the routes; no two have both the same method and the same path */
  constructor(routes: readonly Route<Areas>[]) {
    for (const [path, ofPath] of Map.groupBy(routes, (route) => route.path)) this.#add(path, ofPath);
  }

  /**
   * Finds the resource of a path, by the form of the path alone: the values of parameters are not validated.
   */
  find(segments: readonly string[]): Match<Areas> | null {
    const values: string[] = [];
    const end = find(this.#root, segments, 0, values);
    return end === null ? null : { ...end, values };
  }

  #add(path: string, routes: readonly Route<Areas>[]): void {
    let node = this.#root;
    const names: PathParam[] = [];
    for (const segment of path.slice(1).split("/")) {
      const [, prefix, name, suffix] = PARAM.exec(segment) ?? [];
      if (name !== undefined) names.push(name as PathParam);
      node = name === undefined ? literalChild(node, segment) : paramChild(node, prefix!, suffix!);
    }
    node.end = { resource: resourceOf(path, routes), names };
  }
}

/**
 * Splits the path of a URL at its slashes. The URL is read as text, because `new URL()` takes longer than a small response.
 *
 * @param url the URL of a request
 * @param basePath the path that all routes are below
 * @returns the segments, still percent-encoded
 * @throws {Problem} 404 if the path is not below the base path
 */
export function segmentsOf(url: string, basePath: string): string[] {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  const mark = url.indexOf("?", start);
  const path = start === -1 ? "/" : mark === -1 ? url.slice(start) : url.slice(start, mark);
  if (basePath !== "" && path !== basePath && !path.startsWith(`${basePath}/`)) {
    throw new Problem("not_found", `Every path on this server starts with ${basePath}/`);
  }
  return path.slice(basePath.length + 1).split("/");
}

/**
 * Decodes and validates the values of a path's parameters. No other code decodes or validates them.
 *
 * @param match the resource that the path matched
 * @returns the parameters
 * @throws {Problem} 400 if a value is not valid
 */
export function paramsIn({ names, values }: Match<never>): PathParams {
  const params = { client: "", id: "", name: "", file: "", version: "", token: "" };
  for (let index = 0; index < names.length; index++) {
    params[names[index]!] = paramFrom(names[index]!, values[index]!);
  }
  return params;
}

function paramFrom(name: PathParam, segment: string): string {
  const value = segment.includes("%") ? decoded(segment) : segment;
  if (name === "client" && (value === null || !isClientToken(value))) {
    throw new Problem("bad_client", `A client token must be ${CLIENT_RULE}`);
  }
  if (name === "id" && (value === null || !isTaskId(value))) {
    throw new Problem("bad_task_id", `A task id must be ${TASK_ID_RULE}`);
  }
  if (value === null) throw new Problem("bad_path", "The path is not valid percent-encoded UTF-8");
  return value;
}

function decoded(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}

function newNode<Areas>(): Node<Areas> {
  return { literals: new Map(), params: [], end: null };
}

function literalChild<Areas>(node: Node<Areas>, segment: string): Node<Areas> {
  const child = node.literals.get(segment) ?? newNode();
  node.literals.set(segment, child);
  return child;
}

function paramChild<Areas>(node: Node<Areas>, prefix: string, suffix: string): Node<Areas> {
  const known = node.params.find((param) => param.prefix === prefix && param.suffix === suffix);
  if (known !== undefined) return known.node;
  const child = newNode<Areas>();
  node.params.push({ prefix, suffix, node: child });
  return child;
}

function resourceOf<Areas>(path: string, routes: readonly Route<Areas>[]): Resource<Areas> {
  const shared = new Set(routes.filter(({ isShared }) => isShared).map(({ method }) => method));
  return {
    isFolder: path.endsWith("/"),
    routes: Object.fromEntries(routes.map((route) => [route.method, route])),
    sharedMethods: METHODS.filter((method) => shared.has(method)),
  };
}

function find<Areas>(
  node: Node<Areas>,
  segments: readonly string[],
  index: number,
  values: string[],
): Node<Areas>["end"] {
  if (index === segments.length) return node.end;
  const segment = segments[index]!;
  const literal = node.literals.get(segment);
  const found = literal === undefined ? null : find(literal, segments, index + 1, values);
  if (found !== null) return found;
  for (const { prefix, suffix, node: child } of node.params) {
    const end = segment.length - suffix.length;
    if (end < prefix.length || !segment.startsWith(prefix) || !segment.endsWith(suffix)) continue;
    values.push(segment.slice(prefix.length, end));
    const found = find(child, segments, index + 1, values);
    if (found !== null) return found;
    values.pop();
  }
  return null;
}
