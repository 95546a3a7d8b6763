/** @jsxImportSource preact */
/**
 * A JSON value as a tree of collapsible nodes. Texts of several lines are shown without escapes, and web addresses
 * are links.
 *
 * @module
 */

import type { JSX } from "preact";
import { countNoun } from "../../lib/text/format.ts";
import type { JsonValue } from "../../lib/task/task.ts";
import type { FrameView } from "../shared/view.ts";
import { CopyButton } from "./controls.tsx";
import { Json } from "./details.tsx";
import { SectionHead } from "./frame.tsx";
import { StyledText } from "./styled_text.tsx";

/** Values with more nodes than this are shown as plain JSON, which renders much faster. */
const MAX_NODES = 1_000;
/** Lists and objects with more entries than this are initially collapsed. */
const MAX_OPEN = 20;

interface JsonSectionProps {
  readonly view: FrameView;
  readonly id: string;
  readonly title: string;
  readonly value: JsonValue;
}

/** A section that shows a JSON value. */
export function JsonSection({ view, id, title, value }: JsonSectionProps): JSX.Element {
  return (
    <section class="panel-section" aria-labelledby={id}>
      <SectionHead view={view} id={id} title={title} count="" />
      <div class="command-line">
        {countNodes(value, MAX_NODES) >= MAX_NODES
          ? <Json value={value} label={title} />
          : (
            <div class="code json">
              <JsonNode name={null} value={value} depth={0} />
            </div>
          )}
        <CopyButton
          view={view}
          text={typeof value === "string" ? value : JSON.stringify(value, null, 2)}
          what={`the ${title.toLowerCase()}`}
        />
      </div>
    </section>
  );
}

interface NodeProps {
  /** The property name of the value; `null` for the root and for list items. */
  readonly name: string | null;
  readonly value: JsonValue;
  readonly depth: number;
}

function JsonNode({ name, value, depth }: NodeProps): JSX.Element {
  const key = name !== null && (
    <>
      <span class="json-key">{JSON.stringify(name)}</span>
      {": "}
    </>
  );
  const entries: readonly (readonly [string | null, JsonValue])[] = Array.isArray(value)
    ? value.map((each) => [null, each])
    : typeof value === "object" && value !== null
    ? Object.entries(value)
    : [];
  if (entries.length === 0) {
    // A text of several lines, or one that is the whole value, is easier to read without quotes and escapes.
    const isText = typeof value === "string" && (name === null && depth === 0 || value.includes("\n"));
    return (
      <>
        {key}
        <span class={`json-${isText ? "text" : value === null ? "null" : typeof value}`}>
          <StyledText text={isText ? value : JSON.stringify(value)} />
        </span>
      </>
    );
  }
  const [open, close, noun] = Array.isArray(value) ? ["[", "]", "item"] : ["{", "}", "key"];
  const list = (
    <ul>
      {entries.map(([each, part], index) => (
        <li key={each ?? index}>
          <JsonNode name={each} value={part} depth={depth + 1} />
        </li>
      ))}
    </ul>
  );
  if (depth === 0) return list;
  return (
    <details open={depth < 3 && entries.length <= MAX_OPEN}>
      <summary>
        {key}
        {open} <span class="json-size">{countNoun(entries.length, noun!)}</span> {close}
      </summary>
      {list}
    </details>
  );
}

/** Counts the nodes of a value, but stops at `most`. */
function countNodes(value: JsonValue, most: number): number {
  let count = 1;
  if (typeof value !== "object" || value === null) return count;
  for (const child of Object.values(value)) {
    if (count >= most) break;
    count += countNodes(child, most - count);
  }
  return count;
}
