/**
 * The table of all parsers of input, each with the input that would take longest if its time were not linear.
 *
 * @module
 */

import { checkKey, Keyring } from "../../lib/access/keyring.ts";
import { resolveAccess } from "../../lib/config/access_options.ts";
import { resolveLimits } from "../../lib/config/limits.ts";
import { addressOf } from "../../lib/http/address.ts";
import { cookieOf } from "../../lib/http/cookies.ts";
import { isKnownVersion } from "../../lib/http/entity_tags.ts";
import { formFields, queryFields } from "../../lib/http/fields.ts";
import { Gate } from "../../lib/http/gate.ts";
import { Guard } from "../../lib/http/guard.ts";
import { elementsOf } from "../../lib/http/headers.ts";
import { AssetFiles } from "../../lib/http/pages/asset_files.ts";
import { creationOf, reportOf } from "../../lib/http/reports/bodies.ts";
import { linesOfText, valueOfForm } from "../../lib/http/reports/forms.ts";
import { wantsHtml, wantsJson } from "../../lib/http/route.ts";
import { RouteTree, segmentsOf } from "../../lib/http/route_tree.ts";
import { ROUTES } from "../../lib/http/routes.ts";
import { badgeSvg } from "../../lib/http/tasks/badge_svg.ts";
import { parseNameQuery, parseTaskQuery } from "../../lib/http/tasks/query.ts";
import { START_BODY } from "../../lib/http/tasks/rest.ts";
import { wantsText } from "../../lib/http/tasks/text.ts";
import { isReporterId, parseBatch, parseReply } from "../../lib/remote/messages.ts";
import { SOCKET_OPCODE, SocketFrameReader } from "../../lib/remote/socket_frames.ts";
import { parseServerAddress } from "../../lib/reporter/server_address.ts";
import { parseCursor } from "../../lib/task/cursor.ts";
import { isClientToken, isTaskId } from "../../lib/task/grammar.ts";
import { nestsDeeperThan } from "../../lib/task/json_depth.ts";
import { numberFrom } from "../../lib/task/number_text.ts";
import { parseChange, parseReport } from "../../lib/task/protocol.ts";
import { TASK_FILTERS } from "../../lib/task/task_query.ts";
import { timeFrom } from "../../lib/task/time_filter.ts";
import { mergeMetadata } from "../../lib/task/transition.ts";
import { wellFormed } from "../../lib/task/well_formed.ts";
import { readLogPage, readMessage } from "../../lib/task/wire.ts";
import { withoutSequences } from "../../lib/text/escape_sequences.ts";
import { complaint, failureReason } from "../../lib/cli/run/failure_reason.ts";
import { fitText, plainLine, plainText, textWidth } from "../../lib/text/terminal_text.ts";
import { EventReader } from "../../ui/browser/event_reader.ts";
import { argumentsFromForm } from "../../ui/shared/arguments.ts";
import { readListQuery } from "../../ui/shared/list_query.ts";
import { parseLineRange } from "../../ui/shared/line_range.ts";
import { readBounds } from "../../ui/shared/list_slice.ts";
import { styledRuns } from "../../ui/shared/styled_text.ts";
import type { Growth } from "./growth.ts";

/** A parser, and the kinds of input to measure it with. */
export interface Parser {
  /** The symbol that parses. */
  readonly name: string;
  readonly inputs: readonly Growth[];
}

/** The maximum sizes of the parts of a request, in characters, and of a message of a server to its clients. */
const BODY = 1024 * 1024;
const HEADER = 64 * 1024;
const URL_LENGTH = 64 * 1024;
const MESSAGE = 4 * 1024 * 1024;
/** The size of a text for terminals, in characters; a longer one is truncated before it is read. */
const TEXT = 256 * 1024;

const KEY = "a-key-for-this-very-test-0123456789";
const gate = new Gate({
  keyring: new Keyring(KEY),
  authorize: null,
  findRun: () => undefined,
  basePath: "",
  limits: resolveLimits({ wrongKeysPerAddress: 1e9 }),
  proxies: new Set(["10.0.0.1"]),
  notice: () => {},
});
const guard = new Guard(resolveAccess());
const tree = new RouteTree(ROUTES);
const assets = new AssetFiles(new Map([["a", { body: "", contentType: "text/plain" }]]));

/** Creates inputs of a parser from functions that return text of about a number of characters. */
function texts(
  name: string,
  most: number,
  parse: (text: string) => unknown,
  ...builds: readonly ((size: number) => string)[]
): Parser {
  return values(name, most, parse, ...builds);
}

function values<Value>(
  name: string,
  most: number,
  parse: (value: Value) => unknown,
  ...builds: readonly ((size: number) => Value)[]
): Parser {
  return {
    name,
    inputs: builds.map((build) => ({
      most,
      prepare: (size) => {
        const value = build(size);
        return () => attempt(() => parse(value));
      },
    })),
  };
}

/** Creates inputs of a function that reads a header of a request. */
function header(
  name: string,
  header: string,
  read: (request: Request) => unknown,
  ...builds: readonly ((size: number) => string)[]
): Parser {
  return values(
    name,
    HEADER,
    read,
    ...builds.map((build) => (size: number) => {
      return new Request("http://localhost/", { headers: { [header]: build(size) } });
    }),
  );
}

/** Calls a parser, and ignores its error: input that is refused has been measured as well. */
function attempt(run: () => unknown): unknown {
  try {
    const result = run();
    if (result instanceof Promise) result.catch(() => {});
    return result;
  } catch {
    return undefined;
  }
}

/** Returns text of a number of characters that repeats a part, between a beginning and an end. */
function filled(part: string, before = "", after = ""): (size: number) => string {
  return (size) => before + part.repeat(Math.ceil(size / part.length)) + after;
}

/** Returns text whose parts contain their index, so that no two are equal. */
function numbered(part: (index: number) => string, before = "", after = "", between = "&") {
  const length = part(10_000).length + between.length;
  return (size: number): string =>
    before + Array.from({ length: Math.ceil(size / length) }, (_, index) => part(index)).join(between) +
    after;
}

function json(build: (size: number) => string): (size: number) => unknown {
  return (size) => JSON.parse(build(size));
}

/** Returns a report that creates a task with certain fields, for each text. */
function changeWith(build: (size: number) => string): (size: number) => unknown {
  return json((size) => `{"client":"c","id":"i","at":1,"change":${build(size)}}`);
}

const SEQUENCES = [
  filled("\u009d"),
  filled("\x1b]"),
  filled("\x1bP\u0090"),
  filled("\x1b[", "", "0"),
  filled("0", "\u009b"),
  filled(" ", "\x1b"),
  filled("\x1b"),
  filled("\u009d\x1b"),
  filled("\x1b]0;a\x07"),
  filled("\x1b[31ma"),
  filled("a"),
];

const SCHEMA = { type: "object", properties: { n: { type: "number" }, j: {} } } as const;

/** All parsers of input. */
export const PARSERS: readonly Parser[] = [
  texts(
    "nestsDeeperThan()",
    BODY,
    (text) => nestsDeeperThan(text, 64),
    filled('\\"', '"'),
    filled('"'),
    filled("\\", '"'),
    filled("[]"),
    filled('"\\'),
    filled("\\\\", '"', "["),
  ),
  texts(
    "numberFrom()",
    BODY,
    numberFrom,
    filled("1", "", "x"),
    filled("1", "1.", "x"),
    filled("1", "1e", "x"),
  ),
  texts(
    "valueOfForm()",
    BODY,
    (text) => valueOfForm(formFields(text)),
    numbered((index) => `a${index}`),
    numbered((index) => `metadata.a${index}=1`),
    filled("a&"),
    filled("lines=a&"),
    filled("1", "progress=", "x"),
    filled("%22%5C", "result="),
    filled("+", "tags=", "x"),
    filled(",", "tags="),
  ),
  texts(
    "parseTaskQuery()",
    URL_LENGTH,
    (text) => parseTaskQuery(queryFields(`http://x/?${text}`)),
    filled("a&"),
    filled("page=1&"),
    filled("state=ERROR&"),
    filled("ERROR,", "state="),
    filled("+", "since=", "x"),
    filled("%", "q="),
    numbered((index) => `tag=${index}`),
  ),
  texts(
    "parseNameQuery()",
    URL_LENGTH,
    (text) => parseNameQuery(queryFields(`http://x/?${text}`)),
    filled("name=a&"),
    filled("*a", "name="),
  ),
  texts(
    "readListQuery()",
    URL_LENGTH,
    (text) => readListQuery(queryFields(`/?${text}`)),
    filled("x,", "state="),
    filled("state=x&"),
    numbered((index) => `${index}`, "tag=", "", ","),
    filled("+", "q=", "x"),
  ),
  texts(
    "readBounds()",
    URL_LENGTH,
    (text) => readBounds(queryFields(`/?${text}`)),
    filled("1", "from="),
    filled("a&"),
  ),
  texts(
    "argumentsFromForm()",
    BODY,
    (text) => argumentsFromForm(SCHEMA, new Map([["arg.n", text], ["arg.j", text]]) as never),
    filled("1", "", "x"),
    filled('\\"', '"'),
    filled("["),
  ),
  texts(
    "linesOfText()",
    BODY,
    linesOfText,
    filled("\n"),
    filled("\r\n"),
    filled("\r"),
    filled("x"),
    filled("some text\n"),
  ),
  values(
    "creationOf()",
    BODY,
    creationOf,
    json(numbered((index) => `"k${index}":1`, "{", "}", ",")),
    json(filled("1,", '{"tags":[', "1]}")),
    json(filled('"a",', '{"tags":[', '"a"]}')),
    json(numbered((index) => `"k${index}":1`, '{"metadata":{', "}}", ",")),
    json(filled("a", '{"name":"', '"}')),
    json(filled("a", '{"id":"', '/"}')),
  ),
  values(
    "reportOf()",
    BODY,
    (value: unknown) => reportOf("logs", value),
    json(filled("{},", '{"lines":[', "{}]}")),
    json(filled('"",', '{"lines":[', '""]}')),
    json(filled("\\n", '{"lines":["', '"]}')),
  ),
  values(
    "START_BODY",
    BODY,
    (value: unknown) => START_BODY.safeParse(value),
    json(filled("1,", '{"tags":[', "1]}")),
    json(numbered((index) => `"k${index}":1`, '{"metadata":{', "}}", ",")),
    json(filled("1,", '{"args":[', "1]}")),
  ),
  values(
    "parseReport()",
    BODY,
    parseReport,
    changeWith(filled("1,", '{"type":"create","name":"a","tags":[', "1]}")),
    changeWith(filled("{},", '{"type":"log","lines":[', "{}]}")),
    changeWith(numbered((index) => `"k${index}":1`, '{"type":"update","metadata":{', "}}", ",")),
    changeWith(filled('\\"', '{"type":"finish","result":"', '"}')),
    changeWith(filled("a", '{"type":"', '"}')),
  ),
  values(
    "parseChange()",
    BODY,
    parseChange,
    json(numbered((index) => `"k${index}":1`, '{"type":"update",', "}", ",")),
  ),
  values("parseBatch()", BODY, parseBatch, json(filled("{},", '{"batch":1,"reports":[', "{}]}"))),
  values("parseReply()", MESSAGE, parseReply, json(filled("a", '{"type":"refused","reason":"', '"}'))),
  values(
    "mergeMetadata()",
    BODY,
    (patch: never) => mergeMetadata({ a: 1 }, patch),
    json(numbered((index) => `"k${index}":null`, "{", "}", ",")) as never,
  ),
  values(
    "wellFormed()",
    BODY,
    wellFormed,
    json(filled("\\ud800", '["', '"]')),
    json(filled("a", '["', '\\ud800"]')),
    json(filled('"\\ud800",', "[", "1]")),
    json(numbered((index) => `"k${index}\\ud800":1`, "{", "}", ",")),
  ),
  header(
    "isKnownVersion()",
    "if-none-match",
    (request) => isKnownVersion(request, '"tag"'),
    filled(" ", '"a"', '"b"'),
    filled(" , "),
    filled('"a",'),
    filled("W/"),
  ),
  header(
    "wantsText()",
    "accept",
    wantsText,
    filled("a/b,", "text/plain,"),
    filled(";a", "text/plain"),
    filled(" ", "text/plain", "x"),
    filled("a", "text/", " x"),
  ),
  header(
    "wantsHtml()",
    "accept",
    wantsHtml,
    filled("a/b,", "text/html,"),
    filled(";a", "text/html"),
    filled(" ", "text/html", "x"),
  ),
  header("wantsJson()", "accept", wantsJson, filled("json,"), filled("text/htm")),
  header(
    "AssetFiles",
    "accept-encoding",
    (request) => assets.answer("a", request),
    filled("a,"),
    filled(";q=1", "a"),
    filled(" ", "a", "x"),
  ),
  header(
    "cookieOf()",
    "cookie",
    (request) => cookieOf(request, "a"),
    filled("b=c;"),
    filled(";"),
    filled("="),
    filled(" ", "b", "="),
  ),
  header(
    "addressOf()",
    "x-forwarded-for",
    (request) => addressOf(request, "10.0.0.1", new Set(["10.0.0.1"])),
    filled(" ,"),
    filled("10.0.0.1,"),
    filled(":"),
    filled(" ", "1.1.1.1", ":1"),
    filled("["),
  ),
  header(
    "Gate.pass() by bearer",
    "authorization",
    (request) => gate.pass(request, "any", ""),
    filled(" ", "Bearer", "x y"),
    filled("a", "Bearer ", " b"),
    filled("a.", "Bearer "),
  ),
  header(
    "Gate.pass() by subprotocol",
    "sec-websocket-protocol",
    (request) => gate.pass(request, "any", ""),
    filled(","),
    filled("a", "taskscope.bearer."),
    filled(" ", "a", "b"),
  ),
  texts("elementsOf()", HEADER, elementsOf, filled(","), filled(" "), filled(" ,")),
  texts(
    "RouteTree.find()",
    URL_LENGTH,
    (url) => tree.find(segmentsOf(url, "")),
    filled("/", "http://x/t/a", "x/"),
    filled("/a", "http://x/tasks"),
    filled("%", "http://x/tasks/"),
  ),
  header(
    "Guard.checkHost()",
    "host",
    (request) => guard.checkHost(request),
    filled("1.", "127."),
    filled(":", "[", "]:1"),
    filled("1", "localhost:"),
  ),
  texts("parseCursor()", HEADER, parseCursor, filled("a:"), filled("a"), filled("1", "a:")),
  texts(
    "timeFrom()",
    URL_LENGTH,
    (text) => timeFrom(text, 0),
    filled("1"),
    filled(" ", "1", "00:00"),
    filled(" 00:00"),
    filled("1", "1."),
  ),
  texts("isTaskId()", URL_LENGTH, isTaskId, filled("a"), filled(".")),
  texts("isClientToken()", URL_LENGTH, isClientToken, filled("a"), filled(".")),
  texts("isReporterId()", URL_LENGTH, isReporterId, filled("a")),
  texts(
    "TaskFilter.condition()",
    URL_LENGTH,
    (text) => TASK_FILTERS.name.condition([text], 0).onSummary({ name: "a".repeat(200) } as never),
    filled("*a"),
    filled("a*", "", "b"),
  ),
  texts(
    "badgeSvg()",
    URL_LENGTH,
    (label) => badgeSvg({ label, value: "", colour: "" }),
    filled("<"),
    filled("\ud800"),
  ),
  texts(
    "checkKey()",
    TEXT,
    (text: string) => checkKey(text, "key"),
    filled("aaaa"),
    filled("aaaa", "a.a."),
    filled("aaaa", "aa.", ".aa.aa"),
    filled("."),
  ),
  texts(
    "parseServerAddress()",
    URL_LENGTH,
    parseServerAddress,
    filled("/", "http://x/", "y"),
    filled("/", "http://x"),
  ),
  texts(
    "styledRuns()",
    TEXT,
    styledRuns,
    ...SEQUENCES,
    filled("https://e.x/", "."),
    filled("http://e.x/.", "a"),
  ),
  texts("styledRuns() with a search", TEXT, (text) => styledRuns(text, "aa"), ...SEQUENCES),
  texts("parseLineRange()", TEXT, parseLineRange, filled("#L", "1"), filled("#L1-", "1")),
  texts("withoutSequences()", TEXT, withoutSequences, ...SEQUENCES),
  texts(
    "plainText()",
    TEXT,
    (text) => plainText(text, Infinity),
    ...SEQUENCES,
    filled(" ", "a", "b"),
    filled("\u202e"),
  ),
  texts(
    "failureReason()",
    TEXT,
    (line) => failureReason([line, line]),
    filled(" "),
    filled("^"),
    filled("Caused by: "),
    filled("a.$"),
    filled("Error"),
    filled("goroutine 1 ["),
    filled("[a]"),
    filled(":1"),
    filled("1"),
  ),
  texts("complaint()", TEXT, (line) => complaint([line]), filled("Errorx"), filled("0 error"), filled("a")),
  texts("plainLine()", TEXT, plainLine, ...SEQUENCES, filled("\r"), filled("\r\n"), filled("\ud800")),
  texts("textWidth()", TEXT, textWidth, filled("a"), filled("日"), filled("e\u0301")),
  texts(
    "fitText()",
    TEXT,
    (text) => fitText(text, text.length - 1),
    filled("日"),
    filled("e\u0301"),
    filled("👩‍"),
  ),
  texts(
    "readMessage()",
    MESSAGE,
    readMessage,
    filled("{},", '{"type":"task_update","tasks":[', "{}]}"),
    filled("1,", '{"type":"task_update","removed":[', "1]}"),
    numbered((index) => `"k${index}":{"id":"a"}`, '{"type":"initial_state","all_tasks":{', "}}", ","),
  ),
  values(
    "readLogPage()",
    MESSAGE,
    (value: unknown) => readLogPage(value, 0),
    json(filled("{},", '{"lines":[', "{}]}")),
  ),
  values(
    "EventReader.push()",
    MESSAGE,
    (chunks: readonly string[]) => {
      const reader = new EventReader();
      for (const chunk of chunks) reader.push(chunk);
    },
    (size) => Array(Math.ceil(size / 16)).fill("data: aaaaaaaaaa"),
    (size) => Array(Math.ceil(size / 16)).fill("data: a\ndata: a\n"),
    (size) => [":".repeat(size)],
  ),
  values(
    "SocketFrameReader.push()",
    BODY,
    (chunks: readonly Uint8Array<ArrayBuffer>[]) => {
      const reader = new SocketFrameReader(BODY);
      for (const chunk of chunks) reader.push(chunk);
    },
    (size) => chunksOf(frame(size - 10), 16),
    (size) => chunksOf(new Uint8Array(size).fill(0x81).map((byte, index) => index % 2 === 0 ? byte : 0), 16),
    (size) =>
      chunksOf(new Uint8Array(size).fill(0x81).map((byte, index) => index % 2 === 0 ? byte : 0), size),
  ),
];

function frame(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length + 10);
  bytes[0] = 0x80 | SOCKET_OPCODE.text;
  bytes[1] = 127;
  new DataView(bytes.buffer).setBigUint64(2, BigInt(length));
  return bytes;
}

function chunksOf(bytes: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer>[] {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (let start = 0; start < bytes.length; start += length) chunks.push(bytes.slice(start, start + length));
  return chunks;
}
