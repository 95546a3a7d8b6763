/** @jsxImportSource preact */
/**
 * The scrollable lines of a log of any length: only the blocks near the visible part are rendered, and a space of the
 * same height replaces the others.
 *
 * @module
 */

import { Component, type ComponentChildren, createRef, type JSX } from "preact";
import { isCommandKey } from "../shared/keys.ts";
import { shownLine, visibleCount } from "../shared/log_groups.ts";
import type { TaskLog } from "../shared/model.ts";
import type { LogPages } from "../shared/view.ts";
import { BLOCK_LINES, type LineLook, LogBlock, logClass } from "./log_lines.tsx";

/** The log follows new lines again once the user has scrolled down to this many CSS pixels from the end. */
const FOLLOW_DISTANCE = 24;
/** The minimum number of lines, not counting hidden ones, that are rendered before and after the blocks in view. */
const MARGIN_LINES = BLOCK_LINES;
/**
 * The minimum number of lines, not counting hidden ones, that are rendered before the last block while new lines are
 * followed.
 */
const FOLLOWED_LINES = 2 * BLOCK_LINES;
/** The keys that scroll up. */
const KEYS_UP: ReadonlySet<string> = new Set(["Home", "PageUp", "ArrowUp"]);
/** The assumed height of a line until a line has been measured, in CSS pixels. */
const LINE_HEIGHT = 20;

interface LogWindowProps extends LineLook {
  readonly log: TaskLog;
  readonly pages: LogPages;
  readonly isFollowing: boolean;
  readonly wraps: boolean;
  /** The line to scroll to; a new object for each jump, even to the same line. */
  readonly target: { readonly number: number } | null;
  /** Moves to the next or the previous match of the search. */
  readonly onStep: (by: 1 | -1) => void;
  readonly onScroll: (isAtEnd: boolean, firstVisible: number) => void;
  /** The elements above the first line. */
  readonly children?: ComponentChildren;
}

/** The rendered blocks, by their indices. */
interface WindowState {
  readonly from: number;
  readonly to: number;
}

/** The lines of a log in a scrollable box. */
export class LogWindow extends Component<LogWindowProps, WindowState> {
  override state: WindowState = { from: 0, to: 0 };
  readonly #box = createRef<HTMLOListElement>();
  /** The measured heights of blocks, by their index. */
  readonly #heights: Map<number, number> = new Map();
  /**
   * The assumed height of lines that are not measured; it never changes, because measured lines would move if it did.
   */
  #lineHeight: number | null = null;
  /** The line to scroll to, until it is loaded and visible. */
  #target: number | null = null;
  /** Whether the target is scrolled to the top of the box, rather than to a third of the box's height. */
  #isTargetFirst = false;
  /** The first visible line, which stays in place when the heights of lines change. */
  #first = 0;
  #sizes: ResizeObserver | undefined;
  /** The width of the box when its lines were measured. */
  #width = 0;
  /** The scroll position after the last event. */
  #lastTop = 0;
  /** The scroll position at which the user began to scroll up, until the log has moved; `null` at other times. */
  #leftTop: number | null = null;

  override componentDidMount(): void {
    const box = this.#box.current!;
    this.#width = box.clientWidth;
    this.#sizes = new ResizeObserver(() => {
      if (box.clientWidth !== this.#width) this.#remeasure(box);
      else this.#settle();
    });
    this.#sizes.observe(box);
    this.#aim(this.props.target?.number ?? null);
    this.#settle();
  }

  override componentDidUpdate(before: LogWindowProps): void {
    const { target, wraps, times, hidden, steps } = this.props;
    if (target !== before.target) this.#aim(target?.number ?? null);
    const isOther = wraps !== before.wraps || times !== before.times || hidden !== before.hidden ||
      steps.groups.size !== before.steps.groups.size || steps.collapsed !== before.steps.collapsed;
    if (isOther) this.#remeasure(this.#box.current!);
    else this.#settle();
  }

  override componentWillUnmount(): void {
    this.#sizes?.disconnect();
  }

  override render(): JSX.Element {
    const { log, pages, wraps, children } = this.props;
    const range = this.#range();
    const end = log.dropped + log.lines.length;
    const blocks = [];
    for (let block = range.from; block <= range.to; block++) {
      if (this.#visibleIn(block) === 0) continue;
      const start = Math.max(log.gone, block * BLOCK_LINES);
      const lines = [];
      for (let number = start; number < Math.min(end, (block + 1) * BLOCK_LINES); number++) {
        lines.push(number >= log.dropped ? log.lines[number - log.dropped] : pages.line(number));
      }
      blocks.push(<LogBlock key={block} {...this.props} first={start} lines={lines} />);
    }
    return (
      <ol
        class={logClass(end, wraps)}
        ref={this.#box}
        tabIndex={0}
        aria-labelledby="log-title"
        onScroll={() => this.#scrolled()}
        onWheel={({ deltaY }) => {
          this.#target = null;
          if (deltaY < 0) this.#leaveEnd();
        }}
        onPointerDown={() => this.#target = null}
        onKeyDown={(event) => {
          this.#target = null;
          if (KEYS_UP.has(event.key)) this.#leaveEnd();
          if (!isCommandKey(event) || event.key.toLowerCase() !== "n") return;
          event.preventDefault();
          this.props.onStep(event.shiftKey ? -1 : 1);
        }}
      >
        {children}
        <Space key="before" height={this.#heightOf(this.#firstBlock, range.from)} />
        {blocks}
        <Space key="after" height={this.#heightOf(range.to + 1, this.#lastBlock + 1)} />
      </ol>
    );
  }

  get #firstBlock(): number {
    return Math.floor(this.props.log.gone / BLOCK_LINES);
  }

  get #lastBlock(): number {
    const { dropped, lines } = this.props.log;
    return Math.max(this.#firstBlock, Math.floor((dropped + lines.length - 1) / BLOCK_LINES));
  }

  /** Returns the blocks to render; while new lines are followed, these are the last blocks. */
  #range(): WindowState {
    const [first, last] = [this.#firstBlock, this.#lastBlock];
    if (this.props.isFollowing) return { from: this.#reach(last, -1, FOLLOWED_LINES), to: last };
    const { from, to } = this.state;
    return { from: Math.min(Math.max(from, first), last), to: Math.max(first, Math.min(to, last)) };
  }

  /** Returns the height of the blocks from one index to before another. */
  #heightOf(from: number, to: number): number {
    let height = 0;
    for (let block = from; block < to; block++) {
      const count = this.#visibleIn(block);
      if (count > 0) height += this.#heights.get(block) ?? (this.#lineHeight ?? LINE_HEIGHT) * count;
    }
    return height;
  }

  /** Returns the number of visible lines in a block. */
  #visibleIn(block: number): number {
    const { log, hidden } = this.props;
    const end = Math.min(log.dropped + log.lines.length, (block + 1) * BLOCK_LINES);
    return visibleCount(hidden, Math.max(log.gone, block * BLOCK_LINES), end);
  }

  /** Returns the block that is a given number of visible lines away from another block. */
  #reach(block: number, by: 1 | -1, lines: number = MARGIN_LINES): number {
    const [first, last] = [this.#firstBlock, this.#lastBlock];
    let reached = Math.min(Math.max(block, first), last);
    for (let left = lines; left > 0 && reached + by >= first && reached + by <= last;) {
      reached += by;
      left -= this.#visibleIn(reached);
    }
    return reached;
  }

  /** Measures the rendered blocks, corrects the scroll position, and renders the blocks that are visible there. */
  #settle(): void {
    const box = this.#box.current;
    if (box === null) return;
    this.#measure(box);
    if (this.props.isFollowing) box.scrollTop = box.scrollHeight;
    else if (this.#target !== null) this.#scrollTo(box, this.#target);
    else this.#show(box);
    this.#load();
    if (!this.props.isFollowing && this.#target === null) this.#keepFirst(box);
  }

  #aim(number: number | null, isFirst = false): void {
    this.#target = number;
    this.#isTargetFirst = isFirst;
  }

  #measure(box: HTMLElement): void {
    const items = [...box.querySelectorAll<HTMLElement>("[data-first]")];
    items.forEach((item, index) => {
      const next = items[index + 1];
      // The last block is not measured, because lines are added to it.
      if (next === undefined) return;
      const block = Math.floor(Number(item.dataset.first) / BLOCK_LINES);
      // `offsetTop` is rounded, and a space of a slightly different height would make lines jump while the user
      // scrolls.
      const height = next.getBoundingClientRect().top - item.getBoundingClientRect().top;
      this.#heights.set(block, height);
      this.#lineHeight ??= height / this.#visibleIn(block);
    });
  }

  /** Renders the block of a line, and scrolls to the line until it is loaded. */
  #scrollTo(box: HTMLElement, wanted: number): void {
    const number = shownLine(this.props.hidden, wanted);
    const block = Math.floor(number / BLOCK_LINES);
    this.#render(this.#reach(block, -1), this.#reach(block, 1));
    const item = document.getElementById(`log-${number}`);
    if (item === null) return;
    box.scrollTop = item.offsetTop - (this.#isTargetFirst ? 0 : box.clientHeight / 3);
    const { log, pages } = this.props;
    if (number >= log.dropped || pages.line(number) !== undefined) this.#target = null;
  }

  /**
   * Stops following new lines as soon as the user begins to scroll up. The browser scrolls smoothly; if a new line
   * moved the log before the first scroll event, the browser would stop at the wrong place.
   */
  #leaveEnd(): void {
    const box = this.#box.current!;
    if (!this.props.isFollowing || box.scrollTop === 0) return;
    this.#leftTop = box.scrollTop;
    this.props.onScroll(false, this.#firstVisible(box));
  }

  #scrolled(): void {
    const box = this.#box.current!;
    if (this.#target !== null) return;
    this.#show(box);
    this.#load();
    // Scrolling up by a single pixel is enough to stop following.
    const distance = box.scrollHeight - box.scrollTop - box.clientHeight;
    const isNear = distance <= (box.scrollTop < this.#lastTop ? 1 : FOLLOW_DISTANCE);
    // The scroll event for the last new line may arrive after the user has begun to scroll up.
    const isLate = box.scrollTop === this.#leftTop;
    if (!isLate) this.#leftTop = null;
    this.#lastTop = box.scrollTop;
    this.#keepFirst(box);
    this.props.onScroll(isNear && !isLate, this.#firstVisible(box));
  }

  /**
   * Stores which line is the first visible one, unless the box has a new width at which its lines are not measured
   * yet.
   */
  #keepFirst(box: HTMLElement): void {
    if (box.clientWidth === this.#width) this.#first = this.#firstVisible(box);
  }

  /** Measures all lines again, because their heights have changed, and keeps the first visible line in place. */
  #remeasure(box: HTMLElement): void {
    if (!this.props.isFollowing && this.#target === null) this.#aim(this.#first, true);
    this.#width = box.clientWidth;
    this.#heights.clear();
    this.#lineHeight = null;
    this.#measure(box);
    // The spaces for the other blocks must have the new heights before the box is scrolled.
    this.forceUpdate();
  }

  /** Renders the blocks at the scroll position. */
  #show(box: HTMLElement): void {
    const { scrollTop, clientHeight } = box;
    let block = this.#firstBlock;
    let bottom = this.#heightOf(block, block + 1);
    while (bottom < scrollTop && block < this.#lastBlock) bottom += this.#heightOf(++block, block + 1);
    const from = this.#reach(block, -1);
    while (bottom < scrollTop + clientHeight && block < this.#lastBlock) {
      bottom += this.#heightOf(++block, block + 1);
    }
    this.#render(from, this.#reach(block, 1));
  }

  #render(from: number, to: number): void {
    if (from !== this.state.from || to !== this.state.to) this.setState({ from, to });
  }

  /** Loads the lines of the rendered blocks. */
  #load(): void {
    const { log, pages } = this.props;
    const { from, to } = this.#range();
    for (let block = from; block <= to; block++) {
      const end = Math.min((block + 1) * BLOCK_LINES, log.dropped);
      const start = Math.max(log.gone, block * BLOCK_LINES);
      if (start < end && this.#visibleIn(block) > 0) pages.want(start, end);
    }
  }

  /** Returns the number of the first line that is visible. */
  #firstVisible(box: HTMLElement): number {
    const items = [...box.querySelectorAll<HTMLElement>(".log-line")];
    const item = items.find((each) => each.offsetTop + each.offsetHeight > box.scrollTop + 1);
    return Number(item?.id.slice("log-".length) ?? 0);
  }
}

/** An empty space in place of blocks that are not rendered. */
function Space({ height }: { readonly height: number }): JSX.Element {
  return <li class="log-space" aria-hidden="true" style={{ height: `${height}px` }} />;
}
