// lib/home_server.ts
var home = null;
var MODULE_PATH = /\/(v[^/]+\/)?monitored\.(js|ts)$/;
function setHomeServer(moduleUrl) {
  const url = URL.parse(moduleUrl);
  if (url === null || !/^https?:$/.test(url.protocol) || !MODULE_PATH.test(url.pathname)) return;
  home = `${url.origin}${url.pathname.replace(MODULE_PATH, "")}`;
}
function homeServer() {
  return home;
}

// lib/channel_frames.ts
var CHANNEL_PROTOCOL = 1;
var EVERYBODY = "*";
function toWire(frame) {
  return {
    taskscope: CHANNEL_PROTOCOL,
    ...frame
  };
}
function isFor(data, id) {
  if (typeof data !== "object" || data === null) return true;
  const { to } = data;
  return to === id || to === EVERYBODY || typeof to !== "string";
}
function parseFrame(data) {
  if (typeof data !== "object" || data === null) return void 0;
  const fields = data;
  const { type, from, to } = fields;
  if (fields.taskscope !== CHANNEL_PROTOCOL || !isId(from) || !isId(to)) return void 0;
  switch (type) {
    case "hello": {
      const { oldest } = fields;
      return isNumber(oldest, 1) ? {
        type,
        from,
        to,
        oldest
      } : void 0;
    }
    case "welcome": {
      const { epoch, openedAt, session, next, oldest, seq } = fields;
      if (!isId(epoch) || !isTime(openedAt) || !isId(session)) return void 0;
      if (!isNumber(next, 1) || !isNumber(oldest, 1) || !isNumber(seq, 0)) return void 0;
      return {
        type,
        from,
        to,
        epoch,
        openedAt,
        session,
        next,
        oldest,
        seq
      };
    }
    case "packet": {
      const { session } = fields;
      const packet = parsePacket(fields.packet);
      return isId(session) && packet !== void 0 ? {
        type,
        from,
        to,
        session,
        packet
      } : void 0;
    }
    case "publication": {
      const { seq, text } = fields;
      return isNumber(seq, 0) && typeof text === "string" ? {
        type,
        from,
        to,
        seq,
        text
      } : void 0;
    }
    case "heartbeat": {
      const { epoch, openedAt, seq } = fields;
      if (!isId(epoch) || !isTime(openedAt) || !isNumber(seq, 0)) return void 0;
      return {
        type,
        from,
        to,
        epoch,
        openedAt,
        seq
      };
    }
    case "unknown":
    case "bye":
      return {
        type,
        from,
        to
      };
    default:
      return void 0;
  }
}
var MARKS = {
  message: "m",
  request: "q",
  response: "r",
  failure: "f"
};
var REQUEST_GRAMMAR = /^([qrf])(\d{1,15}) /;
function writeLinkMessage(message) {
  const mark = MARKS[message.kind];
  return message.kind === "message" ? mark + message.text : `${mark}${message.requestId} ${message.text}`;
}
function readLinkMessage(message) {
  if (message.startsWith(MARKS.message)) return {
    kind: "message",
    text: message.slice(1)
  };
  const match = REQUEST_GRAMMAR.exec(message);
  if (match === null) return void 0;
  const kind = match[1] === MARKS.request ? "request" : match[1] === MARKS.response ? "response" : "failure";
  return {
    kind,
    requestId: Number(match[2]),
    text: message.slice(match[0].length)
  };
}
var MOST_MESSAGES = 1e5;
var MOST_HELD = 1e3;
function parsePacket(value) {
  if (typeof value !== "object" || value === null) return void 0;
  const { transmission, first, messages, next, seen, held } = value;
  if (!isNumber(transmission, 1) || !isNumber(next, 1) || !isNumber(seen, 0)) return void 0;
  if (!Array.isArray(messages) || messages.length > MOST_MESSAGES) return void 0;
  if (!isNumber(first, messages.length === 0 ? 0 : 1)) return void 0;
  if (!Array.isArray(held) || held.length > MOST_HELD) return void 0;
  for (const message of messages) if (typeof message !== "string") return void 0;
  for (const number2 of held) if (!isNumber(number2, 1)) return void 0;
  return {
    transmission,
    first,
    messages,
    next,
    seen,
    held
  };
}
function isId(value) {
  return typeof value === "string" && value.length > 0 && value.length <= 128;
}
function isNumber(value, least) {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= least;
}
function isTime(value) {
  return typeof value === "number" && Number.isFinite(value);
}

// lib/channel.ts
var TURNS_BEFORE_OPENING = 3;
var ChannelBus = class {
  #options;
  #channel;
  #timer;
  #malformed = 0;
  #closed = false;
  /**
   * @param options the name and the receiver
   * @throws {Error} where the runtime has no BroadcastChannel
   */
  constructor(options) {
    if (!isChannelAvailable()) {
      throw new Error(`Cannot open channel "${options.name}": wanted a runtime with BroadcastChannel, received none`);
    }
    this.#options = options;
  }
  /**
   * Starts listening, after a few turns of the event loop.
   *
   * @param onOpen called when frames can be posted; those before are lost
   */
  open(onOpen) {
    let turns = TURNS_BEFORE_OPENING;
    const turn = () => {
      if (turns-- > 0) return this.#wait(turn);
      this.#listen();
      onOpen();
    };
    turn();
  }
  // Not with channelTimers: this timer stands in for the channel, which keeps the process alive.
  #wait(callback) {
    this.#timer = setTimeout(callback, 0);
  }
  #listen() {
    const { id, name, receive } = this.#options;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = (event) => {
      if (this.#closed || !isFor(event.data, id)) return;
      const frame = parseFrame(event.data);
      if (frame === void 0) this.#malformed++;
      else receive(frame);
    };
    this.#channel.onmessageerror = () => void this.#malformed++;
  }
  /** How many messages for this receiver had a wrong shape. */
  get malformedFrames() {
    return this.#malformed;
  }
  /** Sends a frame, or loses it. */
  post(frame) {
    if (this.#closed || this.#channel === void 0) return;
    try {
      this.#channel.postMessage(toWire(frame));
    } catch {
      new BroadcastChannel(this.#options.name).close();
    }
  }
  /** Stops listening. Before Deno 2.8.2 what was posted just before is lost. Closing twice is fine. */
  close() {
    clearTimeout(this.#timer);
    this.#closed = true;
    this.#channel?.close();
  }
};
function isChannelAvailable() {
  return typeof BroadcastChannel === "function";
}
var channelTimers = {
  set(callback, delayMs) {
    const timer = setTimeout(callback, delayMs);
    const runtime = globalThis;
    runtime.Deno?.unrefTimer?.(timer);
    return timer;
  },
  clear(timer) {
    clearTimeout(timer);
  }
};
function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
function callSafely(callback, onError) {
  try {
    callback();
  } catch (error) {
    try {
      onError?.(error);
    } catch {
    }
  }
}

// lib/link_inbox.ts
var Inbox = class {
  #maxHeld;
  // Batches by the number of their first message. A peer never has more on its way than its window holds.
  #held = /* @__PURE__ */ new Map();
  // One more with every restart, so that a delivery that led to a restart does not go on afterwards.
  #run = 0;
  #next = 1;
  #seen = 0;
  #lost = 0;
  #delivering = false;
  /** @param maxHeld the most batches that are kept beyond a gap; more are left to be repeated */
  constructor(maxHeld) {
    this.#maxHeld = maxHeld;
  }
  /** The number of the first message that misses. */
  get next() {
    return this.#next;
  }
  /** The highest transmission that arrived; 0 where none did since the restart. */
  get seen() {
    return this.#seen;
  }
  /** The first numbers of the batches that are kept beyond a gap. */
  get held() {
    return [
      ...this.#held.keys()
    ];
  }
  /** How many packets were lost on the way, as far as their numbers tell. */
  get lost() {
    return this.#lost;
  }
  /** Begins anew with a peer whose next message is `next`. */
  restart(next) {
    this.stop();
    this.#next = next;
    this.#seen = 0;
  }
  /** Forgets what came too early, and ends a delivery that is under way. */
  stop() {
    this.#run++;
    this.#held.clear();
  }
  /** Takes note of a packet, and keeps what it brings if that is new. */
  accept({ transmission, first, messages }) {
    if (this.#seen > 0 && transmission > this.#seen) this.#lost += transmission - this.#seen - 1;
    this.#seen = Math.max(this.#seen, transmission);
    if (messages.length === 0 || this.#held.has(first)) return;
    if (first <= this.#next || this.#held.size < this.#maxHeld) this.#held.set(first, messages);
  }
  /**
   * Delivers what is next, in order. A call from within `deliver` leaves it to the outer one.
   *
   * @param deliver takes one message
   * @param onError told what `deliver` threw; the next message follows all the same
   */
  deliver(deliver, onError) {
    if (this.#delivering) return;
    this.#delivering = true;
    let run = this.#run;
    for (let batch = this.#takeReady(); batch !== void 0; batch = this.#takeReady()) {
      for (const message of batch) {
        this.#next++;
        try {
          deliver(message);
        } catch (error) {
          onError(error);
        }
        if (run !== this.#run) break;
      }
      run = this.#run;
    }
    this.#delivering = false;
  }
  #takeReady() {
    for (const [first, messages] of this.#held) {
      if (first > this.#next) continue;
      this.#held.delete(first);
      return messages.slice(this.#next - first);
    }
    return void 0;
  }
};

// lib/link_limits.ts
var LINK_LIMITS = {
  maxBatchMessages: 500,
  maxBatchLength: 65536,
  windowBatches: 16,
  maxQueuedMessages: 25e4,
  maxQueuedLength: 64 * 1024 * 1024,
  congestedMessages: 1e4,
  resendAfterMs: 100,
  maxResendAfterMs: 2e3
};
function resolveLinkLimits(given = {}) {
  const limits = {
    ...LINK_LIMITS,
    ...given
  };
  for (const [name, limit] of Object.entries(limits)) {
    if (Number.isSafeInteger(limit) && limit >= 1) continue;
    throw new RangeError(`Cannot create link: wanted "${name}" to be a whole number from 1, received ${limit}`);
  }
  return limits;
}

// lib/errors.ts
var ProtocolError = class extends Error {
  /** The name of the class. */
  name = "ProtocolError";
};
var ConfigError = class extends Error {
  /** The name of the class. */
  name = "ConfigError";
};
var LimitError = class extends Error {
  /** The name of the class. */
  name = "LimitError";
  /** The name of the bound in the configuration. */
  limit;
  /**
   * Says which bound was reached.
   *
   * @param limit the name of the bound in the configuration
   * @param message what happened, for people
   */
  constructor(limit, message) {
    super(message);
    this.limit = limit;
  }
};
var AmbiguousMonitorError = class extends Error {
  /** The name of the class. */
  name = "AmbiguousMonitorError";
};

// lib/link_outbox.ts
var EAGER_BATCHES = 2;
var Outbox = class {
  #limits;
  #unacknowledged = [];
  #queue = [];
  // Where the queue really starts: shifting an array of 100,000 entries one by one would be quadratic.
  #head = 0;
  #queuedLength = 0;
  #sentLength = 0;
  #nextNumber = 1;
  #oldest = 1;
  /** @param limits the bounds; taken as they are */
  constructor(limits) {
    this.#limits = limits;
  }
  /** How many messages are not acknowledged. */
  get backlog() {
    return this.#nextNumber - this.#oldest;
  }
  /** The number of the oldest message that is not acknowledged. */
  get oldest() {
    return this.#oldest;
  }
  /** The number of the first message that was never put into a batch: no peer can have acknowledged more. */
  get firstUnsent() {
    return this.#nextNumber - (this.#queue.length - this.#head);
  }
  /** The batches on their way, oldest first. */
  get unacknowledged() {
    return this.#unacknowledged;
  }
  /**
   * Takes a message.
   *
   * @param message what to bring across
   * @returns its number
   * @throws {LimitError} where the outbox is full; nothing was taken
   */
  push(message) {
    const { maxQueuedMessages, maxQueuedLength } = this.#limits;
    if (this.backlog >= maxQueuedMessages) {
      throw new LimitError("maxQueuedMessages", `Cannot queue message: wanted at most ${maxQueuedMessages} unacknowledged messages`);
    }
    if (this.backlog > 0 && this.#queuedLength + this.#sentLength + message.length > maxQueuedLength) {
      throw new LimitError("maxQueuedLength", `Cannot queue message: wanted at most ${maxQueuedLength} unacknowledged characters`);
    }
    this.#queue.push(message);
    this.#queuedLength += message.length;
    return this.#nextNumber++;
  }
  /** Cuts the next batch off the queue, where the window lets one go. */
  nextBatch() {
    const { maxBatchMessages, maxBatchLength, windowBatches } = this.#limits;
    const waiting = this.#queue.length - this.#head;
    if (waiting === 0 || this.#unacknowledged.length >= windowBatches) return void 0;
    const full = waiting >= maxBatchMessages || this.#queuedLength >= maxBatchLength;
    if (!full && this.#unacknowledged.length >= EAGER_BATCHES) return void 0;
    let length = this.#queue[this.#head].length;
    let end = this.#head + 1;
    while (end < this.#queue.length && end - this.#head < maxBatchMessages) {
      const more = this.#queue[end].length;
      if (length + more > maxBatchLength) break;
      length += more;
      end++;
    }
    const messages = this.#queue.slice(this.#head, end);
    const batch = {
      first: this.firstUnsent,
      messages,
      length,
      transmission: 0,
      held: false
    };
    this.#head = end;
    if (this.#head * 2 >= this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    this.#queuedLength -= length;
    this.#sentLength += length;
    this.#unacknowledged.push(batch);
    return batch;
  }
  /**
   * Takes note of what the peer has.
   *
   * @param next the number of the first message that the peer waits for; not above {@linkcode Outbox.firstUnsent}
   * @param held the first numbers of batches that the peer has beyond a gap
   * @returns whether the peer got further
   */
  acknowledge(next, held) {
    const advanced = next > this.#oldest;
    if (advanced) {
      this.#oldest = next;
      let done = 0;
      for (const batch of this.#unacknowledged) {
        if (batch.first + batch.messages.length > next) break;
        this.#sentLength -= batch.length;
        done++;
      }
      this.#unacknowledged.splice(0, done);
    }
    for (const batch of this.#unacknowledged) batch.held ||= held.includes(batch.first);
    return advanced;
  }
  /** The batches that were transmitted before `seen` and still miss at the peer: those are lost. */
  lostBefore(seen) {
    return this.#unacknowledged.filter((batch) => batch.transmission < seen && !batch.held);
  }
  /** Forgets everything that is not acknowledged. Its numbers are not used again. */
  clear() {
    this.#queue = [];
    this.#head = 0;
    this.#queuedLength = 0;
    this.#sentLength = 0;
    this.#unacknowledged.length = 0;
    this.#oldest = this.#nextNumber;
  }
};

// lib/link.ts
var LinkClosedError = class extends Error {
  name = "LinkClosedError";
};
var Link = class {
  #options;
  #limits;
  #outbox;
  #inbox;
  #waiters = /* @__PURE__ */ new Set();
  #connected = false;
  #closed = false;
  #congested = false;
  #flushing = false;
  #transmission = 0;
  #unanswered = 0;
  #repeats = 0;
  #acknowledgeTimer;
  #resendTimer;
  #resent = 0;
  /**
   * @param options the transport, the timers, the receiver, the bounds
   * @throws {RangeError} where a bound is not a whole number from 1
   */
  constructor(options) {
    this.#options = options;
    this.#limits = resolveLinkLimits(options.limits);
    this.#inbox = new Inbox(this.#limits.windowBatches);
    this.#outbox = new Outbox(this.#limits);
  }
  /** How many messages the other side has not acknowledged. */
  get backlog() {
    return this.#outbox.backlog;
  }
  /** Whether the backlog grew above `congestedMessages` and has not yet fallen to half of it. */
  get congested() {
    return this.#congested;
  }
  /** The number of the oldest message that the other side has not acknowledged. */
  get oldest() {
    return this.#outbox.oldest;
  }
  /** The number of the next message that this side waits for. */
  get next() {
    return this.#inbox.next;
  }
  /** How many packets of the other side were lost on the way, as far as their numbers tell. */
  get lost() {
    return this.#inbox.lost;
  }
  /** How many batches were transmitted again. */
  get resent() {
    return this.#resent;
  }
  /**
   * Takes a message; it leaves with the end of the current microtask where the link is idle.
   *
   * @param message what to bring across
   * @returns its number
   * @throws {LimitError} where the backlog is at `maxQueuedMessages` or `maxQueuedLength`; the message was not taken
   * @throws {LinkClosedError} where the link is closed
   */
  send(message) {
    if (this.#closed) throw new LinkClosedError("Cannot send message: the link is closed");
    const number2 = this.#outbox.push(message);
    if (this.backlog > this.#limits.congestedMessages) this.#congested = true;
    if (this.#connected && !this.#flushing) {
      this.#flushing = true;
      queueMicrotask(() => {
        this.#flushing = false;
        this.#flush();
      });
    }
    return number2;
  }
  /**
   * Starts, or starts again with another peer: everything that it has not acknowledged is transmitted.
   *
   * @param acknowledged the number of the first message that the peer waits for
   * @param next the number of the first message of the peer that this side waits for
   */
  connect(acknowledged, next) {
    if (this.#closed) return;
    this.disconnect();
    this.#connected = true;
    this.#inbox.restart(next);
    if (acknowledged <= this.#outbox.firstUnsent) this.#acknowledged(acknowledged, []);
    for (const batch of this.#outbox.unacknowledged) {
      batch.held = false;
      this.#transmit(batch);
    }
    this.#flush();
  }
  /** Stops transmitting. Messages are still taken and kept. */
  disconnect() {
    this.#connected = false;
    this.#repeats = 0;
    this.#unanswered = 0;
    this.#options.timers.clear(this.#acknowledgeTimer);
    this.#options.timers.clear(this.#resendTimer);
    this.#acknowledgeTimer = void 0;
    this.#resendTimer = void 0;
  }
  /** Forgets what the peer has not acknowledged. The numbers of those messages are not used again. */
  clear() {
    this.#outbox.clear();
    this.#settle();
  }
  /** Transmits what this side has received, as a sign of life. */
  acknowledge() {
    if (this.#connected) this.#transmit();
  }
  /**
   * Takes a packet of the other side. Messages are delivered before this returns, in order.
   *
   * @param packet of the right shape; numbers that can't be are ignored
   */
  receive(packet) {
    if (packet.next > this.#outbox.firstUnsent || packet.seen > this.#transmission) return;
    if (!this.#connected) return;
    this.#inbox.accept(packet);
    this.#acknowledged(packet.next, packet.held);
    for (const batch of this.#outbox.lostBefore(packet.seen)) this.#repeat(batch);
    if (packet.messages.length > 0) this.#deliver();
    this.#flush();
  }
  /**
   * Resolves when everything that was sent is acknowledged; at once where nothing is open.
   *
   * @throws {LinkClosedError} where the link is closed before
   */
  drained() {
    if (this.#closed) return Promise.reject(new LinkClosedError("Cannot drain link: it is closed"));
    if (this.backlog === 0) return Promise.resolve();
    const waiter = Promise.withResolvers();
    this.#waiters.add(waiter);
    return waiter.promise;
  }
  /** Forgets everything. Closing twice is fine. */
  close() {
    this.disconnect();
    this.#closed = true;
    this.#outbox.clear();
    this.#inbox.stop();
    const error = new LinkClosedError("Cannot drain link: it was closed with unacknowledged messages");
    for (const waiter of this.#waiters) waiter.reject(error);
    this.#waiters.clear();
  }
  #deliver() {
    this.#unanswered++;
    this.#inbox.deliver(this.#options.deliver, this.#options.onError);
    if (!this.#connected || this.#unanswered === 0) return;
    if (this.#unanswered * 2 >= this.#limits.windowBatches) {
      this.#transmit();
    } else {
      this.#acknowledgeTimer ??= this.#options.timers.set(() => this.#transmit(), 0);
    }
  }
  #flush() {
    if (!this.#connected) return;
    for (let batch = this.#outbox.nextBatch(); batch !== void 0; batch = this.#outbox.nextBatch()) {
      this.#transmit(batch);
    }
  }
  #repeat(batch) {
    this.#resent++;
    this.#transmit(batch);
  }
  #transmit(batch) {
    this.#options.timers.clear(this.#acknowledgeTimer);
    this.#acknowledgeTimer = void 0;
    this.#unanswered = 0;
    this.#transmission++;
    if (batch !== void 0) {
      batch.transmission = this.#transmission;
      this.#resendTimer ??= this.#awaitAcknowledgement();
    }
    this.#options.transmit({
      transmission: this.#transmission,
      first: batch?.first ?? 0,
      messages: batch?.messages ?? [],
      next: this.#inbox.next,
      seen: this.#inbox.seen,
      held: this.#inbox.held
    });
  }
  #awaitAcknowledgement() {
    const { resendAfterMs, maxResendAfterMs } = this.#limits;
    return this.#options.timers.set(() => {
      this.#resendTimer = void 0;
      this.#repeats++;
      const oldest = this.#outbox.unacknowledged[0];
      if (oldest !== void 0) this.#repeat(oldest);
    }, Math.min(resendAfterMs * 2 ** this.#repeats, maxResendAfterMs));
  }
  #acknowledged(next, held) {
    if (!this.#outbox.acknowledge(next, held)) return;
    this.#repeats = 0;
    this.#options.timers.clear(this.#resendTimer);
    this.#resendTimer = this.#outbox.unacknowledged.length > 0 ? this.#awaitAcknowledgement() : void 0;
    this.#settle();
  }
  #settle() {
    if (this.backlog === 0) {
      for (const waiter of this.#waiters) waiter.resolve();
      this.#waiters.clear();
    }
    if (this.#congested && this.backlog * 2 <= this.#limits.congestedMessages) {
      this.#congested = false;
      try {
        this.#options.onDrain?.();
      } catch (error) {
        this.#options.onError(error);
      }
    }
  }
};

// lib/channel_requests.ts
var PendingRequests = class {
  #link;
  #pending = /* @__PURE__ */ new Map();
  #newestId = 0;
  /** @param link what brings the requests across */
  constructor(link) {
    this.#link = link;
  }
  /**
   * Sends a request.
   *
   * @param payload what to ask
   * @param signal gives up: the promise rejects with its reason
   * @returns the answer
   */
  async send(payload, signal) {
    signal?.throwIfAborted();
    const requestId = ++this.#newestId;
    const message = writeLinkMessage({
      kind: "request",
      requestId,
      text: payload
    });
    const promise = Promise.withResolvers();
    this.#pending.set(requestId, {
      promise,
      message,
      number: this.#link.send(message)
    });
    const abandon = () => promise.reject(signal?.reason);
    signal?.addEventListener("abort", abandon, {
      once: true
    });
    try {
      return await promise.promise;
    } finally {
      signal?.removeEventListener("abort", abandon);
      this.#pending.delete(requestId);
    }
  }
  /** Takes an answer. One that nobody waits for any more is ignored. */
  settle(answer) {
    if (answer.kind === "response") this.#pending.get(answer.requestId)?.promise.resolve(answer.text);
    if (answer.kind === "failure") {
      this.#pending.get(answer.requestId)?.promise.reject(new Error(answer.text));
    }
  }
  /**
   * Sends again what the other side took and has not answered: the answer may have been lost with a connection. What
   * it has not taken yet, the link repeats by itself.
   */
  repeatTaken() {
    for (const request of this.#pending.values()) {
      if (request.number >= this.#link.oldest) continue;
      try {
        request.number = this.#link.send(request.message);
      } catch (error) {
        request.promise.reject(error);
      }
    }
  }
  /** Rejects everything that waits. */
  close() {
    const error = new LinkClosedError("Cannot finish request: the channel was closed");
    for (const { promise } of this.#pending.values()) promise.reject(error);
  }
};

// lib/channel_member.ts
var TICK_MS = 500;
var SILENT_TICKS = 3;
var SIGN_OF_LIFE_TICKS = 2;
var FIRST_HELLO_MS = 25;
var MAX_HELLO_MS = 1e3;
var MemberChannel = class {
  /** Random; the authority knows the member by it. */
  id = randomId();
  #options;
  #bus;
  #link;
  #requests;
  #waiters = /* @__PURE__ */ new Set();
  #authority;
  // Looking for an authority: there was none yet, or it left, or does not know this member, or is silent.
  #searching = true;
  // The link may go on only where the authority is silent and nothing worse.
  #linked = false;
  #hellos = 0;
  #ticks = 0;
  #silentTicks = 0;
  #timer;
  #closed = false;
  /**
   * Opens the channel and looks for the authority.
   *
   * @throws {Error} where the runtime has no BroadcastChannel
   */
  constructor(options) {
    this.#options = options;
    this.#link = new Link({
      transmit: (packet) => this.#transmit(packet),
      deliver: (message) => this.#deliver(message),
      onError: (error) => callSafely(() => options.onError?.(error), void 0),
      onDrain: () => options.onDrain?.(),
      timers: channelTimers,
      ...options.limits !== void 0 && {
        limits: options.limits
      }
    });
    this.#requests = new PendingRequests(this.#link);
    this.#bus = new ChannelBus({
      name: options.name,
      id: this.id,
      receive: (frame) => this.#receive(frame)
    });
    this.#bus.open(() => this.#tick());
  }
  /** Whether an authority was heard of late. */
  get connected() {
    return this.#linked && !this.#searching;
  }
  /** How many messages the authority has not acknowledged, requests among them. */
  get backlog() {
    return this.#link.backlog;
  }
  /** Whether the backlog grew above `congestedMessages` and has not yet fallen to half of it. */
  get congested() {
    return this.#link.congested;
  }
  /** How many packets of the authority were lost on the way, and sent again. */
  get lostPackets() {
    return this.#link.lost;
  }
  /** How many messages on the channel had a wrong shape. */
  get malformedFrames() {
    return this.#bus.malformedFrames;
  }
  /**
   * Waits for an authority.
   *
   * @param timeoutMs how long, in milliseconds
   * @returns whether there is one; `false` too where the member is closed before
   */
  whenConnected(timeoutMs) {
    if (this.connected || this.#closed) return Promise.resolve(this.connected);
    return new Promise((resolve) => {
      const timer = channelTimers.set(() => settle(false), timeoutMs);
      const settle = (connected) => {
        channelTimers.clear(timer);
        this.#waiters.delete(settle);
        resolve(connected);
      };
      this.#waiters.add(settle);
    });
  }
  /**
   * Sends a message to the authority: once and in order, and as soon as there is one.
   *
   * @throws {LimitError} where too many messages are not acknowledged; this one was not taken
   * @throws {LinkClosedError} where the member is closed
   */
  send(message) {
    this.#link.send(writeLinkMessage({
      kind: "message",
      text: message
    }));
  }
  /**
   * Asks the authority. The request waits in line with the messages that were sent before.
   *
   * @param payload what to ask
   * @returns the answer
   * @throws {Error} with the authority's message where it can't answer
   * @throws {LimitError} where too many messages are not acknowledged
   * @throws {LinkClosedError} where the member is closed before the answer came
   */
  request(payload, { signal } = {}) {
    return this.#requests.send(payload, signal);
  }
  /**
   * Resolves when the authority has acknowledged everything that was sent.
   *
   * @throws {LinkClosedError} where the member is closed before
   */
  drained() {
    return this.#link.drained();
  }
  /** Closes the channel. What is not acknowledged is lost; requests are rejected. Closing twice is fine. */
  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#linked = false;
    channelTimers.clear(this.#timer);
    this.#bus.post({
      type: "bye",
      from: this.id,
      to: this.#authority?.id ?? EVERYBODY
    });
    this.#link.close();
    this.#bus.close();
    for (const settle of [
      ...this.#waiters
    ]) settle(false);
    this.#requests.close();
  }
  /** The same as {@linkcode MemberChannel.close}. */
  [Symbol.dispose]() {
    this.close();
  }
  #transmit(packet) {
    const authority = this.#authority;
    if (authority === void 0) return;
    this.#bus.post({
      type: "packet",
      from: this.id,
      to: authority.id,
      session: authority.session,
      packet
    });
  }
  #receive(frame) {
    if (frame.type === "welcome") return this.#welcome(frame);
    if (frame.from !== this.#authority?.id || !this.#linked) {
      if (frame.type === "heartbeat" && this.#searching) this.#hello();
      return;
    }
    if (frame.type === "bye" || frame.type === "unknown") return this.#lose();
    this.#heard();
    switch (frame.type) {
      case "packet":
        if (frame.session === this.#authority.session) this.#link.receive(frame.packet);
        return;
      case "publication":
        return this.#call(() => this.#options.onPublication?.(frame.seq, frame.text));
      case "heartbeat":
        return this.#call(() => this.#options.onHeartbeat?.(frame.seq));
    }
  }
  #welcome(frame) {
    if (this.connected && frame.from !== this.#authority?.id) return;
    const isSame = frame.session === this.#authority?.session;
    if (isSame && this.#linked) return this.#heard();
    const { epoch, seq, session, oldest } = frame;
    this.#authority = {
      id: frame.from,
      session
    };
    this.#linked = true;
    this.#link.connect(frame.next, isSame ? Math.max(this.#link.next, oldest) : oldest);
    if (this.#closed) return;
    this.#requests.repeatTaken();
    this.#heard();
    this.#call(() => this.#options.onConnect?.({
      id: frame.from,
      epoch,
      seq
    }));
    this.#schedule(TICK_MS);
  }
  #heard() {
    this.#searching = false;
    this.#silentTicks = 0;
    for (const settle of [
      ...this.#waiters
    ]) settle(true);
  }
  #lose() {
    this.#linked = false;
    this.#searching = true;
    this.#hellos = 0;
    this.#link.disconnect();
    this.#tick();
  }
  #tick() {
    if (!this.#searching && ++this.#silentTicks > SILENT_TICKS) {
      this.#searching = true;
      this.#hellos = 0;
    }
    if (this.#searching) {
      this.#hello();
      this.#schedule(Math.min(FIRST_HELLO_MS * 2 ** this.#hellos++, MAX_HELLO_MS));
    } else {
      if (++this.#ticks % SIGN_OF_LIFE_TICKS === 0) this.#link.acknowledge();
      this.#schedule(TICK_MS);
    }
  }
  #schedule(delayMs) {
    channelTimers.clear(this.#timer);
    if (!this.#closed) this.#timer = channelTimers.set(() => this.#tick(), delayMs);
  }
  #hello() {
    this.#bus.post({
      type: "hello",
      from: this.id,
      to: EVERYBODY,
      oldest: this.#link.oldest
    });
  }
  #deliver(message) {
    const received = readLinkMessage(message);
    if (received?.kind === "message") this.#options.onMessage?.(received.text);
    else if (received !== void 0) this.#requests.settle(received);
  }
  #call(callback) {
    callSafely(callback, this.#options.onError);
  }
};

// lib/protocol.ts
var DEFAULT_CLIENT = "default";
var DEFAULT_CHANNEL = "taskscope";
var LIMITS = {
  nameLength: 200,
  statusLength: 1e3,
  unitLength: 32,
  logLineLength: 8192,
  /** A thousand, and one that says that others were dropped. */
  reportLines: 1001,
  errorMessageLength: 4096,
  errorTypeLength: 128,
  errorStackLength: 16384,
  resultBytes: 65536,
  metadataBytes: 16384,
  tags: 32,
  tagLength: 64,
  /** Levels of arrays and objects in a value: what checks, writes and shows it goes one call deeper for each. */
  jsonDepth: 56
};
var CLIENT_GRAMMAR = /^[A-Za-z0-9._-]{1,128}$/;
var TASK_ID_GRAMMAR = /^[A-Za-z0-9._:-]{1,128}$/;
var RESERVED_TASK_IDS = /* @__PURE__ */ new Set([
  ".",
  "..",
  "start",
  "__proto__",
  "constructor",
  "prototype"
]);
function isClientToken(text) {
  return CLIENT_GRAMMAR.test(text) && text !== "." && text !== "..";
}
function isTaskId(text) {
  return TASK_ID_GRAMMAR.test(text) && !RESERVED_TASK_IDS.has(text);
}
function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ProtocolError("Cannot read message: it is not JSON", {
      cause
    });
  }
}
function parseKey(client, id) {
  if (typeof client === "string" && typeof id === "string" && isClientToken(client) && isTaskId(id)) {
    return {
      client,
      id
    };
  }
  throw new ProtocolError("Cannot read message: wanted a client token and a task id");
}
function parseChange(value) {
  const fields = object(value, "change");
  switch (fields.type) {
    case "create":
      return parseCreate(fields);
    case "start":
      return {
        type: "start"
      };
    case "update":
      return parseUpdate(fields);
    case "log":
      return parseLog(fields);
    case "finish":
      return {
        type: "finish",
        result: json(fields.result ?? null, "result", LIMITS.resultBytes)
      };
    case "fail":
      return {
        type: "fail",
        error: parseTaskError(fields.error)
      };
    case "cancelled":
      return {
        type: "cancelled"
      };
    case "request_cancel":
      return {
        type: "request_cancel"
      };
    default:
      throw wrong("type", "the type of a change", fields.type);
  }
}
function parseCreate(fields) {
  const weight = number(fields.weight ?? 1, "weight");
  if (weight < 0) throw wrong("weight", "a number of at least 0", weight);
  const attempt = count(fields.attempt ?? 1, "attempt");
  if (attempt < 1) throw wrong("attempt", "a whole number from 1", attempt);
  const staleAfter = nullable(fields.stale_after ?? null, "stale_after", number);
  if (staleAfter !== null && staleAfter <= 0) {
    throw wrong("stale_after", "a number above 0 or null", staleAfter);
  }
  return {
    type: "create",
    name: string(fields.name, "name", LIMITS.nameLength, 1),
    metadata: jsonObject(fields.metadata ?? {}, "metadata", LIMITS.metadataBytes),
    tags: array(fields.tags ?? [], "tags", LIMITS.tags).map((tag) => string(tag, "tags", LIMITS.tagLength, 1)),
    parent_id: nullable(fields.parent_id ?? null, "parent_id", taskId),
    weight,
    attempt,
    retry_of: nullable(fields.retry_of ?? null, "retry_of", taskId),
    retryable: fields.retryable === true,
    stale_after: staleAfter
  };
}
function parseUpdate(fields) {
  return {
    type: "update",
    ...fields.progress !== void 0 && {
      progress: nullable(fields.progress, "progress", number)
    },
    ...fields.status !== void 0 && {
      status: string(fields.status, "status", LIMITS.statusLength)
    },
    ...fields.current !== void 0 && {
      current: nullable(fields.current, "current", number)
    },
    ...fields.total !== void 0 && {
      total: nullable(fields.total, "total", number)
    },
    ...fields.unit !== void 0 && {
      unit: nullable(fields.unit, "unit", (unit, field) => string(unit, field, LIMITS.unitLength))
    },
    ...fields.metadata !== void 0 && {
      metadata: jsonObject(fields.metadata, "metadata", LIMITS.metadataBytes)
    }
  };
}
function parseLog(fields) {
  const lines = array(fields.lines, "lines", LIMITS.reportLines).map(parseLogLine);
  return fields.first === void 0 ? {
    type: "log",
    lines
  } : {
    type: "log",
    first: count(fields.first, "first"),
    lines
  };
}
function parseLogLine(value) {
  const fields = object(value, "lines");
  return {
    at: number(fields.at, "at"),
    text: string(fields.text, "text", LIMITS.logLineLength)
  };
}
function parseTaskError(value) {
  const fields = object(value, "error");
  return {
    message: string(fields.message, "error.message", LIMITS.errorMessageLength),
    type: string(fields.type, "error.type", LIMITS.errorTypeLength),
    ...fields.stack !== void 0 && {
      stack: string(fields.stack, "error.stack", LIMITS.errorStackLength)
    }
  };
}
function object(value, field) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw wrong(field, "an object", value);
  }
  return value;
}
function array(value, field, most) {
  if (!Array.isArray(value)) throw wrong(field, "an array", value);
  if (value.length > most) throw wrong(field, `at most ${most} entries`, value.length);
  return value;
}
function string(value, field, most, least = 0) {
  if (typeof value !== "string") throw wrong(field, "a string", value);
  if (value.length > most || value.length < least) {
    throw wrong(field, `${least} to ${most} characters`, value.length);
  }
  return value;
}
function number(value, field) {
  if (typeof value !== "number" || !Number.isFinite(value)) throw wrong(field, "a finite number", value);
  return value;
}
function count(value, field) {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw wrong(field, "a whole number from 0", value);
}
function taskId(value, field) {
  if (typeof value === "string" && isTaskId(value)) return value;
  throw wrong(field, "a task id or null", value);
}
function nullable(value, field, parse) {
  return value === null ? null : parse(value, field);
}
function json(value, field, mostBytes) {
  const text = jsonText(value);
  if (text === void 0) throw wrong(field, "JSON", value);
  const bytes = byteLength(text);
  if (bytes > mostBytes) throw wrong(field, `at most ${mostBytes} bytes of JSON`, bytes);
  if (nestsDeeperThan(text, LIMITS.jsonDepth)) {
    throw wrong(field, `at most ${LIMITS.jsonDepth} levels of JSON`, value);
  }
  return value;
}
function jsonText(value) {
  try {
    return JSON.stringify(value);
  } catch {
    return void 0;
  }
}
function jsonObject(value, field, mostBytes) {
  object(value, field);
  return json(value, field, mostBytes);
}
function nestsDeeperThan(text, levels) {
  if (text.length <= 2 * levels) return false;
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (token === "[" || token === "{") depth++;
    else if (token === "]" || token === "}") depth--;
    if (depth > levels) return true;
  }
  return false;
}
var encoder = new TextEncoder();
function byteLength(text) {
  return encoder.encode(text).byteLength;
}
function wrong(field, wanted, received) {
  return new ProtocolError(`Cannot read "${field}": wanted ${wanted}, received ${shown(received)}`);
}
function shown(value) {
  try {
    return (JSON.stringify(value) ?? String(value)).slice(0, 64);
  } catch {
    return typeof value;
  }
}

// lib/reporter_command.ts
function parseCommand(value) {
  const { type, client, id, reason } = object(value, "command");
  const key = parseKey(client, id);
  if (type === "cancel" || type === "interrupt" || type === "unknown") return {
    type,
    ...key
  };
  if (type === "refused") return {
    type,
    ...key,
    reason: typeof reason === "string" ? reason : null
  };
  throw new ProtocolError(`Cannot read command: wanted a known type, received ${String(type)}`);
}

// lib/channel_sink.ts
var SEARCH_MS = {
  worker: 1e4,
  elsewhere: 200
};
var SEARCH_WITH_FALLBACK_MS = 2e3;
var SEARCH_PAUSE_MS = 5e3;
var COMMIT_WAIT_MS = 2e3;
var sinks = /* @__PURE__ */ new Map();
function channelSink(channel, fallback = () => null, key) {
  const name = key === void 0 ? channel : `${channel} ${key}`;
  let sink = sinks.get(name);
  if (sink === void 0) sinks.set(name, sink = new ChannelSink(channel, fallback));
  return sink;
}
var ChannelSink = class {
  #name;
  #tasks = /* @__PURE__ */ new Map();
  #member = null;
  /** A monitor answered since the channel was opened. */
  #found = false;
  #searchedInVainMs = -Infinity;
  /** How many tasks there were so far. */
  #opened = 0;
  #hasSaidSo = false;
  #fallback;
  /** Takes everything, once no monitor answered: none comes into being later in an isolate that was there before. */
  #other = null;
  constructor(name, fallback) {
    this.#name = name;
    this.#fallback = fallback;
  }
  get ready() {
    if (this.#other !== null) return this.#other.ready;
    return this.#member === null || this.#member.connected && !this.#member.congested;
  }
  open(task) {
    if (this.#other === null && !isChannelAvailable()) this.#other = this.#fallback();
    if (this.#other !== null) return this.#other.open(task);
    const key = keyOf(task);
    if (this.#tasks.has(key)) {
      task.refused(`Cannot create task "${task.id}": the id is taken`);
      return;
    }
    this.#tasks.set(key, task);
    this.#opened++;
    const mayTry = Date.now() - this.#searchedInVainMs > SEARCH_PAUSE_MS && isChannelAvailable();
    if (this.#member === null && mayTry) void this.#search();
  }
  report(task, report) {
    if (this.#other !== null) return this.#other.report(task, report);
    try {
      this.#member?.send(JSON.stringify(report));
    } catch (error) {
      task.refused(error instanceof Error ? error.message : String(error));
    }
  }
  close(task) {
    if (this.#other !== null) return this.#other.close(task);
    if (this.#tasks.get(keyOf(task)) === task) this.#tasks.delete(keyOf(task));
    if (this.#tasks.size === 0 && this.#member !== null) void this.#closeWhenSent(this.#member);
  }
  async settled() {
    if (this.#other !== null) return await this.#other.settled();
    const member = this.#member;
    if (member === null || this.#found && !member.connected) return;
    if (!await member.whenConnected(SEARCH_MS.worker)) return await this.#otherSettled();
    this.#flush();
    await whenCommitted(member).catch(() => {
    });
  }
  async #search() {
    const member = new MemberChannel({
      name: this.#name,
      onMessage: (message) => this.#obey(message),
      onConnect: () => {
        this.#found = true;
        queueMicrotask(() => this.#flush());
      },
      onDrain: () => this.#flush()
    });
    this.#member = member;
    this.#found = false;
    const other = this.#fallback();
    const isWorker = "WorkerGlobalScope" in globalThis;
    const workerMs = other === null ? SEARCH_MS.worker : SEARCH_WITH_FALLBACK_MS;
    if (await member.whenConnected(isWorker ? workerMs : SEARCH_MS.elsewhere)) return;
    if (this.#member !== member) return;
    this.#member = null;
    this.#searchedInVainMs = Date.now();
    member.close();
    if (other !== null) return this.#handOver(other);
    this.#sayUnseen();
    this.#flush();
  }
  #handOver(other) {
    const tasks = [
      ...this.#tasks.values()
    ];
    this.#tasks.clear();
    this.#other = other;
    for (const task of tasks) {
      other.open(task);
      task.flush();
    }
  }
  async #otherSettled() {
    await this.#other?.settled();
  }
  async #closeWhenSent(member) {
    const opened = this.#opened;
    const isSent = await whenCommitted(member).then(() => true, () => false);
    if (isSent && this.#opened === opened && this.#member === member) {
      this.#member = null;
      member.close();
    }
  }
  #flush() {
    const tasks = [
      ...this.#tasks.values()
    ];
    for (const task of tasks) task.announce();
    for (const task of tasks) task.flush();
  }
  #obey(message) {
    const command = parseCommand(parseJson(message));
    const task = this.#tasks.get(keyOf(command));
    switch (command.type) {
      case "cancel":
        return task?.cancelRequested();
      case "interrupt":
        return task?.interrupted();
      case "unknown":
        return task?.restate([]);
      case "refused":
        return task?.refused(command.reason);
    }
  }
  #sayUnseen() {
    if (this.#hasSaidSo) return;
    this.#hasSaidSo = true;
    console.warn(`[taskscope] No monitor answered on channel "${this.#name}", so tasks run unseen`);
  }
};
async function whenCommitted(member) {
  await member.drained();
  const signal = AbortSignal.timeout(COMMIT_WAIT_MS);
  await member.request('{"type":"committed"}', {
    signal
  }).catch(() => {
  });
}
function keyOf(task) {
  return `${task.client}/${task.id}`;
}

// lib/environment.ts
function readVariable(name) {
  if (typeof Deno === "undefined") return void 0;
  if (Deno.permissions.querySync({
    name: "env",
    variable: name
  }).state !== "granted") return void 0;
  return Deno.env.get(name);
}
function netPermissionFor(server) {
  if (typeof Deno === "undefined") return null;
  const { hostname, port, protocol } = new URL(server);
  const host = `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
  return Deno.permissions.querySync({
    name: "net",
    host
  }).state === "granted" ? null : host;
}
function unrefTimer(timer) {
  if (typeof Deno !== "undefined") Deno.unrefTimer(timer);
  return timer;
}

// lib/shown_key.ts
var SUBPROTOCOL = "taskscope";
var TOKEN_PROTOCOL = "taskscope.bearer.";
function keyHeaders(key) {
  return key === null ? {} : {
    authorization: `Bearer ${key}`
  };
}
function keyProtocols(key) {
  if (key === null) return [];
  const text = btoa(key).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return [
    SUBPROTOCOL,
    `${TOKEN_PROTOCOL}${text}`
  ];
}

// lib/report_message.ts
var REPORT_PATH = "report";
var REPORT_SOCKET_PATH = "ws/report";
function writeBatch(batch, reports) {
  return `{"batch":${batch},"reports":[${reports.join()}]}`;
}
function parseReply(value) {
  const { type, batch } = object(value, "reply");
  if (type === "alive" || type === "closing") return {
    type
  };
  if (type !== "taken") return parseCommand(value);
  if (!isBatchNumber(batch)) throw new ProtocolError('Cannot read "batch": wanted a whole number from 0');
  return {
    type,
    batch
  };
}
function isBatchNumber(value) {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

// lib/http_transport.ts
var FIRST_TIMEOUT_MS = 5e3;
var ANSWER_TIMEOUT_MS = 2e4;
var POLL_INTERVAL_MS = 500;
var HttpTransport = class {
  window = 1;
  #address;
  #events;
  #controller = new AbortController();
  #timer;
  #isOpen = false;
  #isBusy = false;
  #next = null;
  /**
   * @param address where to, and who
   * @param events what becomes of it; it opens when the server has answered for the first time
   */
  constructor(address, events) {
    this.#address = address;
    this.#events = events;
    void this.#request(writeBatch(0, []));
  }
  get #isOver() {
    return this.#controller.signal.aborted;
  }
  send(text) {
    if (this.#isBusy) this.#next = text;
    else void this.#request(text);
  }
  close() {
    clearTimeout(this.#timer);
    this.#controller.abort();
  }
  async #request(text) {
    clearTimeout(this.#timer);
    this.#isBusy = true;
    const timeoutMs = this.#isOpen ? ANSWER_TIMEOUT_MS : FIRST_TIMEOUT_MS;
    const answer = await postBatch(this.#address, text, timeoutMs, this.#controller.signal);
    if (this.#isOver) return;
    if (answer.type !== "replies") {
      this.close();
      return answer.type === "down" ? this.#events.onClose() : this.#events.onRefused(answer);
    }
    if (!this.#isOpen) {
      this.#isOpen = true;
      this.#events.onOpen();
    }
    for (const reply of answer.replies) if (!this.#isOver) this.#events.onReply(reply);
    this.#isBusy = false;
    if (this.#isOver) return;
    const next = this.#next;
    this.#next = null;
    if (next !== null) return void this.#request(next);
    this.#timer = unrefTimer(setTimeout(() => void this.#request(writeBatch(0, [])), POLL_INTERVAL_MS));
  }
};
var PASSING = /* @__PURE__ */ new Set([
  408,
  425,
  429
]);
var LASTING = /* @__PURE__ */ new Set([
  501,
  505
]);
var DOWN = {
  type: "down"
};
var FOREIGN = {
  type: "refused",
  reason: "it is no Taskscope",
  isFromServer: false
};
async function postBatch(address, text, timeoutMs, signal) {
  const { server, reporter } = address;
  const controller = new AbortController();
  const abort = () => controller.abort();
  const timer = setTimeout(abort, timeoutMs);
  signal.addEventListener("abort", abort);
  try {
    const response = await fetch(`${server}/${REPORT_PATH}?reporter=${reporter}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...keyHeaders(address.key)
      },
      body: text,
      signal: controller.signal
    });
    return answerOf(response.status, await response.text());
  } catch {
    if (controller.signal.aborted || !await isKeptOut(server, controller.signal)) return DOWN;
    const reason = `pages of ${location.origin} may not report there; --allow-origin adds one`;
    return {
      type: "refused",
      reason,
      isFromServer: false
    };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}
function answerOf(status, body) {
  if (status >= 200 && status < 300) return repliesIn(body);
  if (status >= 500 && !LASTING.has(status) || PASSING.has(status)) return DOWN;
  const detail = problemIn(body);
  return {
    type: "refused",
    reason: detail ?? `it answers ${status}`,
    isFromServer: detail !== null
  };
}
function problemIn(body) {
  try {
    const { code, detail } = object(parseJson(body), "problem");
    return typeof code === "string" && typeof detail === "string" ? detail : null;
  } catch {
    return null;
  }
}
function repliesIn(body) {
  try {
    const { replies } = object(parseJson(body), "answer");
    return Array.isArray(replies) ? {
      type: "replies",
      replies: replies.map(parseReply)
    } : FOREIGN;
  } catch {
    return FOREIGN;
  }
}
async function isKeptOut(server, signal) {
  if (typeof Deno !== "undefined" || typeof location === "undefined") return false;
  if (new URL(server).origin === location.origin) return false;
  try {
    await fetch(`${server}/healthz`, {
      mode: "no-cors",
      cache: "no-store",
      signal
    });
    return true;
  } catch {
    return false;
  }
}

// lib/socket_frames.ts
var SOCKET_OPCODE = {
  continuation: 0,
  text: 1,
  close: 8,
  ping: 9,
  pong: 10
};
var CONTROL_BYTES = 125;
function writeSocketFrame(opcode, payload, mask) {
  const { length } = payload;
  const head = length < 126 ? 6 : length < 65536 ? 8 : 14;
  const bytes = new Uint8Array(head + length);
  const view = new DataView(bytes.buffer);
  bytes[0] = 128 | opcode;
  bytes[1] = 128 | (length < 126 ? length : length < 65536 ? 126 : 127);
  if (head === 8) view.setUint16(2, length);
  if (head === 14) view.setBigUint64(2, BigInt(length));
  bytes.set(mask, head - 4);
  for (let index = 0; index < length; index++) {
    bytes[head + index] = payload[index] ^ mask[index & 3];
  }
  return bytes;
}
var SocketFrameReader = class {
  #mostBytes;
  #bytes = new Uint8Array();
  /** @param mostBytes the longest payload that is taken */
  constructor(mostBytes) {
    this.#mostBytes = mostBytes;
  }
  /**
   * Takes bytes.
   *
   * @param bytes what came
   * @returns the frames that are complete with them, in order
   * @throws {ProtocolError} where they are no frames of a server, or too long
   */
  push(bytes) {
    const all = new Uint8Array(this.#bytes.length + bytes.length);
    all.set(this.#bytes);
    all.set(bytes, this.#bytes.length);
    const frames = [];
    let start = 0;
    for (let end = this.#endOf(all, start, frames); end !== null; ) {
      start = end;
      end = this.#endOf(all, start, frames);
    }
    this.#bytes = all.slice(start);
    return frames;
  }
  /** Reads the frame that begins at a place; where it ends, or `null` where it is not complete. */
  #endOf(bytes, start, frames) {
    const available = bytes.length - start;
    if (available < 2) return null;
    const view = new DataView(bytes.buffer, start);
    const first = view.getUint8(0);
    const second = view.getUint8(1);
    if ((first & 112) !== 0 || (second & 128) !== 0) {
      throw new ProtocolError("Cannot read frame: wanted one of a server, without extensions");
    }
    const head = second === 127 ? 10 : second === 126 ? 4 : 2;
    if (available < head) return null;
    const length = second === 127 ? Number(view.getBigUint64(2)) : second === 126 ? view.getUint16(2) : second;
    const opcode = first & 15;
    const isFinal = (first & 128) !== 0;
    const isControl = opcode >= SOCKET_OPCODE.close;
    if (length > (isControl ? CONTROL_BYTES : this.#mostBytes) || isControl && !isFinal) {
      throw new ProtocolError(`Cannot read frame: ${length} bytes are too many for it`);
    }
    if (available < head + length) return null;
    const end = start + head + length;
    frames.push({
      opcode,
      isFinal,
      payload: bytes.slice(start + head, end)
    });
    return end;
  }
};

// lib/deno_socket.ts
var HEAD_BYTES = 16 * 1024;
var MESSAGE_BYTES = 1024 * 1024;
var FAREWELL_MS = 100;
var HANDSHAKE_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
var encoder2 = new TextEncoder();
var DenoSocket = class {
  #events;
  #connecting = new AbortController();
  #decoder = new TextDecoder("utf-8", {
    fatal: true
  });
  #reader = new SocketFrameReader(MESSAGE_BYTES);
  #connection = null;
  #writing = Promise.resolve();
  #isOpen = false;
  #isOver = false;
  /** The parts of a message whose end has not come yet. */
  #parts = [];
  #partBytes = 0;
  /**
   * @param url its address, `http:` or `https:`
   * @param events what becomes of it
   * @param headers what the handshake says beside what it has to
   */
  constructor(url, events, headers = {}) {
    this.#events = events;
    this.#run(new URL(url), headers).catch(() => {
    }).finally(() => this.#over());
  }
  /** Sends a message; nothing where it is not open. */
  send(text) {
    if (this.#isOpen) this.#write(SOCKET_OPCODE.text, encoder2.encode(text));
  }
  /** Ends it. What was sent before is on its way, or lost. */
  close() {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#connecting.abort();
    const connection = this.#connection;
    if (connection === null) return;
    if (!this.#isOpen) return closeQuietly(connection);
    this.#isOpen = false;
    const timer = setTimeout(() => closeQuietly(connection), FAREWELL_MS);
    this.#write(SOCKET_OPCODE.close, new Uint8Array([
      1e3 >> 8,
      1e3 & 255
    ]));
    this.#writing.finally(() => {
      clearTimeout(timer);
      closeQuietly(connection);
    });
  }
  async #run(url, headers) {
    const connection = await this.#connect(url);
    const key = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
    const path = `${url.pathname}${url.search}`;
    const lines = [
      `GET ${path} HTTP/1.1`,
      `Host: ${url.host}`,
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${key}`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
    ];
    await writeAll(connection, encoder2.encode(`${lines.join("\r\n")}\r
\r
`));
    const rest = await this.#handshake(connection, key);
    if (this.#isOver) return;
    this.#isOpen = true;
    this.#events.onOpen();
    this.#take(rest);
    const chunk = new Uint8Array(65536);
    for (let length = await connection.read(chunk); length !== null; length = await connection.read(chunk)) {
      if (this.#isOver) return;
      this.#take(chunk.slice(0, length));
    }
  }
  async #connect({ protocol, hostname, port }) {
    const isSecure = protocol === "https:";
    const bare = hostname.replace(/^\[|\]$/g, "");
    const tcp = await Deno.connect({
      hostname: bare,
      port: Number(port) || (isSecure ? 443 : 80),
      signal: this.#connecting.signal
    });
    this.#connection = tcp;
    if (this.#isOver) closeQuietly(tcp);
    tcp.setNoDelay();
    if (isSecure) this.#connection = await Deno.startTls(tcp, {
      hostname: bare
    });
    const connection = this.#connection;
    if (this.#isOver) closeQuietly(connection);
    connection.unref?.();
    return connection;
  }
  /** Reads the answer to the handshake; what comes behind it is given back. */
  async #handshake(connection, key) {
    let bytes = new Uint8Array();
    const chunk = new Uint8Array(4096);
    let end = -1;
    while (end === -1) {
      const length = await connection.read(chunk);
      if (length === null || bytes.length > HEAD_BYTES) throw new ProtocolError("There is no answer");
      const longer = new Uint8Array(bytes.length + length);
      longer.set(bytes);
      longer.set(chunk.subarray(0, length), bytes.length);
      bytes = longer;
      end = new TextDecoder("latin1").decode(bytes).indexOf("\r\n\r\n");
    }
    const head = new TextDecoder("latin1").decode(bytes.subarray(0, end));
    const accept = /^sec-websocket-accept:[ \t]*(\S+)[ \t]*$/im.exec(head)?.[1];
    if (!/^HTTP\/1\.1 101\b/.test(head) || accept !== await acceptOf(key)) {
      throw new ProtocolError("There is no WebSocket");
    }
    return bytes.slice(end + 4);
  }
  #take(bytes) {
    for (const frame of this.#reader.push(bytes)) {
      if (this.#isOver) return;
      this.#obey(frame);
    }
  }
  #obey({ opcode, isFinal, payload }) {
    switch (opcode) {
      case SOCKET_OPCODE.ping:
        return this.#write(SOCKET_OPCODE.pong, payload);
      case SOCKET_OPCODE.pong:
        return;
      case SOCKET_OPCODE.close:
        return this.#over();
      case SOCKET_OPCODE.text:
      case SOCKET_OPCODE.continuation:
        if (opcode === SOCKET_OPCODE.text !== (this.#parts.length === 0)) break;
        this.#partBytes += payload.length;
        if (this.#partBytes > MESSAGE_BYTES) break;
        this.#parts.push(this.#decoder.decode(payload, {
          stream: !isFinal
        }));
        if (isFinal) this.#deliver();
        return;
    }
    throw new ProtocolError(`Cannot read frame: ${opcode} is out of place`);
  }
  #deliver() {
    const text = this.#parts.join("");
    this.#parts = [];
    this.#partBytes = 0;
    this.#events.onText(text);
  }
  #write(opcode, payload) {
    const connection = this.#connection;
    const mask = crypto.getRandomValues(new Uint8Array(4));
    const bytes = writeSocketFrame(opcode, payload, mask);
    this.#writing = this.#writing.then(() => writeAll(connection, bytes)).catch(() => this.#over());
  }
  #over() {
    if (this.#isOver) return;
    this.close();
    this.#events.onClose();
  }
};
async function writeAll(connection, bytes) {
  let sent = 0;
  while (sent < bytes.length) sent += await connection.write(bytes.subarray(sent));
}
async function acceptOf(key) {
  const digest = await crypto.subtle.digest("SHA-1", encoder2.encode(`${key}${HANDSHAKE_GUID}`));
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}
function closeQuietly(connection) {
  try {
    connection.close();
  } catch {
  }
}

// lib/socket_transport.ts
var SOCKET_WINDOW = 32;
var OPEN_TIMEOUT_MS = 5e3;
var HEARTBEAT_MS = 1e4;
var SocketTransport = class {
  window = SOCKET_WINDOW;
  #events;
  #socket;
  #timer;
  /** The server has been silent since it was asked for a sign of life. */
  #isSilent = false;
  #isOver = false;
  /**
   * @param address where to, and who
   * @param events what becomes of it
   */
  constructor(address, events) {
    const { server, reporter } = address;
    this.#events = events;
    this.#timer = unrefTimer(setTimeout(() => this.#over(), OPEN_TIMEOUT_MS));
    this.#socket = openSocket(address, `${server}/${REPORT_SOCKET_PATH}?reporter=${reporter}`, {
      onOpen: () => this.#opened(),
      onText: (text) => this.#receive(text),
      onClose: () => this.#over()
    });
  }
  send(text) {
    this.#socket.send(text);
  }
  close() {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#socket.close();
  }
  #opened() {
    if (this.#isOver) return;
    this.#beatLater();
    this.#events.onOpen();
  }
  #receive(text) {
    if (this.#isOver) return;
    this.#isSilent = false;
    try {
      this.#events.onReply(parseReply(parseJson(text)));
    } catch {
      this.#over();
    }
  }
  #beatLater() {
    clearTimeout(this.#timer);
    this.#timer = unrefTimer(setTimeout(() => this.#beat(), HEARTBEAT_MS));
  }
  #beat() {
    if (this.#isSilent) return this.#over();
    this.#isSilent = true;
    this.send(writeBatch(0, []));
    this.#beatLater();
  }
  #over() {
    if (this.#isOver) return;
    this.close();
    this.#events.onClose();
  }
};
function openSocket(address, url, events) {
  if (typeof Deno !== "undefined") return new DenoSocket(url, events, keyHeaders(address.key));
  try {
    return platformSocket(url, keyProtocols(address.key), events);
  } catch {
    queueMicrotask(events.onClose);
    return {
      send() {
      },
      close() {
      }
    };
  }
}
function platformSocket(url, protocols, events) {
  const socket = new WebSocket(url.replace(/^http/, "ws"), protocols);
  socket.onopen = events.onOpen;
  socket.onmessage = ({ data }) => events.onText(String(data));
  socket.onclose = events.onClose;
  socket.onerror = events.onClose;
  return {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: () => socket.close()
  };
}

// lib/remote_link.ts
var FIRST_RETRY_MS = 250;
var LONGEST_RETRY_MS = 5e3;
var LONGEST_RETRY_WITHOUT_SUCCESS_MS = 3e4;
var HOPEFUL_ATTEMPTS = 10;
var RemoteLink = class {
  #address;
  #events;
  #state = "stopped";
  #transport = null;
  #timer;
  /** Attempts since the server last said something. */
  #failures = 0;
  #hasBeenUp = false;
  /**
   * @param address where to, and who
   * @param events told what happens
   */
  constructor(address, events) {
    this.#address = address;
    this.#events = events;
  }
  /** Whether there is a connection. */
  get isUp() {
    return this.#state === "up";
  }
  /** Whether there is none, and nothing to hope for at once: the last attempt failed, or nobody wants one. */
  get isDown() {
    return this.#state === "connecting" ? this.#failures > 0 : this.#state !== "up";
  }
  /** How many batches may be on their way. */
  get window() {
    return this.#transport?.window ?? 0;
  }
  /** Whether there ever was a connection. */
  get hasBeenUp() {
    return this.#hasBeenUp;
  }
  /** Begins to connect, unless it has begun, or was refused. */
  start() {
    if (this.#state !== "stopped") return;
    const missing = netPermissionFor(this.#address.server);
    if (missing === null) return this.#connect();
    this.#state = "refused";
    this.#events.onRefused(`it can't be reached without --allow-net=${missing}`);
  }
  /** Ends the connection, until it is started again. */
  stop() {
    if (this.#state !== "refused") this.#state = "stopped";
    this.#drop();
  }
  /** Ends the connection for a while: it has led to nothing. */
  pause() {
    if (this.#state === "up" || this.#state === "connecting") this.#failed();
  }
  /** Sends a batch; only while it is up. */
  send(text) {
    this.#transport?.send(text);
  }
  #connect() {
    this.#state = "connecting";
    this.#try(SocketTransport, () => {
      this.#try(HttpTransport, () => this.#failed());
    });
  }
  #try(Kind, onNeverOpened) {
    this.#transport = new Kind(this.#address, {
      onOpen: () => this.#opened(),
      onReply: (reply) => {
        this.#failures = 0;
        this.#events.onReply(reply);
      },
      onClose: () => this.#state === "up" ? this.#failed() : onNeverOpened(),
      onRefused: (refusal) => this.#refused(refusal)
    });
  }
  #opened() {
    this.#state = "up";
    this.#hasBeenUp = true;
    this.#events.onUp();
  }
  #refused({ reason, isFromServer }) {
    if (this.#hasBeenUp && !isFromServer) return this.#failed();
    this.#drop();
    this.#state = "refused";
    this.#events.onRefused(reason);
  }
  #failed() {
    this.#drop();
    this.#state = "waiting";
    const longestMs = this.#hasBeenUp || this.#failures < HOPEFUL_ATTEMPTS ? LONGEST_RETRY_MS : LONGEST_RETRY_WITHOUT_SUCCESS_MS;
    const delayMs = Math.min(FIRST_RETRY_MS * 2 ** this.#failures++, longestMs);
    this.#timer = unrefTimer(setTimeout(() => this.#connect(), delayMs * (0.5 + Math.random() / 2)));
    this.#events.onDown();
  }
  #drop() {
    clearTimeout(this.#timer);
    this.#transport?.close();
    this.#transport = null;
  }
};

// lib/remote_outbox.ts
var REMOTE_OUTBOX_LIMITS = {
  batchReports: 500,
  batchCharacters: 128 * 1024,
  fullCharacters: 2 * 1024 * 1024
};
var RemoteOutbox = class {
  #limits;
  #queue = [];
  #queuedCharacters = 0;
  /** Batches that were cut and are not committed, oldest first. */
  #batches = [];
  /** How many of those are on their way; the others are to be sent again. */
  #onTheWay = 0;
  #sentCharacters = 0;
  #pushed = 0;
  #committed = 0;
  #newestBatch = 0;
  /** @param limits the bounds */
  constructor(limits = REMOTE_OUTBOX_LIMITS) {
    this.#limits = limits;
  }
  /** How many reports were put in so far. */
  get pushed() {
    return this.#pushed;
  }
  /** Up to which of them everything is committed. */
  get committed() {
    return this.#committed;
  }
  /** Whether everything is committed. */
  get isEmpty() {
    return this.#committed === this.#pushed;
  }
  /** Whether so much waits that no more should be put in. */
  get isFull() {
    return this.#queuedCharacters + this.#sentCharacters >= this.#limits.fullCharacters;
  }
  /** How many batches are on their way. */
  get onTheWay() {
    return this.#onTheWay;
  }
  /** Whether a batch would be full. */
  get hasFullBatch() {
    return this.#queue.length >= this.#limits.batchReports || this.#queuedCharacters >= this.#limits.batchCharacters;
  }
  /** Takes a report, as JSON. */
  push(report) {
    this.#queue.push(report);
    this.#queuedCharacters += report.length;
    this.#pushed++;
  }
  /** The next batch to send, which counts as on its way from now on; `undefined` where there is none. */
  next() {
    if (this.#onTheWay === this.#batches.length && !this.#cut()) return void 0;
    return this.#batches[this.#onTheWay++];
  }
  /**
   * Takes note that the server has committed everything up to a batch.
   *
   * @param number the batch; one that was never sent is ignored
   */
  taken(number2) {
    while (this.#batches[0] !== void 0 && this.#onTheWay > 0 && this.#batches[0].number <= number2) {
      const { end, characters } = this.#batches.shift();
      this.#onTheWay--;
      this.#committed = end;
      this.#sentCharacters -= characters;
    }
  }
  /** What was on its way is to be sent again: the connection is gone. */
  restart() {
    this.#onTheWay = 0;
  }
  /** Forgets everything. */
  clear() {
    this.#queue = [];
    this.#batches = [];
    this.#onTheWay = 0;
    this.#queuedCharacters = 0;
    this.#sentCharacters = 0;
    this.#committed = this.#pushed;
  }
  #cut() {
    if (this.#queue.length === 0) return false;
    const { batchReports, batchCharacters } = this.#limits;
    let count2 = 0;
    let characters = 0;
    for (const report of this.#queue) {
      if (count2 === batchReports || count2 > 0 && characters + report.length > batchCharacters) break;
      characters += report.length;
      count2++;
    }
    const reports = this.#queue.splice(0, count2);
    this.#queuedCharacters -= characters;
    this.#sentCharacters += characters;
    const end = this.#pushed - this.#queue.length;
    this.#batches.push({
      number: ++this.#newestBatch,
      reports,
      end,
      characters
    });
    return true;
  }
};

// lib/report_parts.ts
var LOG_CHARACTERS = 64 * 1024;
function partsOf(report) {
  const { change } = report;
  if (change.type !== "log") return [
    report
  ];
  const parts = [];
  let lines = [];
  let characters = 0;
  let first = change.first ?? 0;
  const add = () => {
    if (lines.length === 0) return;
    parts.push({
      ...report,
      change: {
        type: "log",
        first,
        lines
      }
    });
    first += lines.length;
    lines = [];
    characters = 0;
  };
  for (const line of change.lines) {
    if (characters + line.text.length > LOG_CHARACTERS) add();
    lines.push(line);
    characters += line.text.length;
  }
  add();
  return parts;
}

// lib/retelling.ts
var Retelling = class {
  #ended = /* @__PURE__ */ new Map();
  /** The tasks whose creation is on its way, by how many reports there are with it. */
  #created = /* @__PURE__ */ new Map();
  #lines = [];
  #committed = 0;
  /** How many tasks have ended whose reports are not all committed. */
  get endedCount() {
    return this.#ended.size;
  }
  /**
   * Takes note of a report.
   *
   * @param key whose
   * @param change what it says
   * @param end how many reports there are with it
   */
  reported(key, change, end) {
    if (change.type === "log") this.#lines.push({
      key,
      end,
      lines: change.lines
    });
    else if (change.type === "create") moveToEnd(this.#created, key, end);
  }
  /**
   * Takes note that a task has ended.
   *
   * @param key its key
   * @param task the task
   * @param end how many reports there are with its last one
   */
  ended(key, task, end) {
    moveToEnd(this.#ended, key, {
      task,
      end
    });
  }
  /** A task that has ended, and that may have to be told again. */
  endedTask(key) {
    return this.#ended.get(key)?.task;
  }
  /** There is nothing more to ask of a task that has ended. */
  forget(key) {
    this.#ended.delete(key);
  }
  /**
   * Whether the creation of a task is on its way: what a server says of it may be a word from before it was told anew.
   */
  isOnItsWay(key) {
    return (this.#created.get(key) ?? 0) > this.#committed;
  }
  /** The lines of a task that were handed over, and that nobody has kept. */
  linesOf(key) {
    return this.#lines.flatMap((entry) => entry.key === key ? entry.lines : []);
  }
  /** So many reports are committed. */
  committed(count2) {
    this.#committed = count2;
    for (const [key, { end }] of this.#ended) {
      if (end > count2) break;
      this.#ended.delete(key);
    }
    for (const [key, end] of this.#created) {
      if (end > count2) break;
      this.#created.delete(key);
    }
    const kept = this.#lines.findIndex(({ end }) => end > count2);
    this.#lines.splice(0, kept === -1 ? this.#lines.length : kept);
  }
  /** Nobody is to be told anything. */
  clear() {
    this.#ended.clear();
    this.#created.clear();
    this.#lines = [];
  }
};
function moveToEnd(map, key, value) {
  map.delete(key);
  map.set(key, value);
}

// lib/remote_reporter.ts
var MOST_TASKS = 1e4;
var GATHER_MS = 10;
var IDLE_MS = 100;
var LAST_WORDS_MS = 5e3;
var sinks2 = /* @__PURE__ */ new Map();
function remoteSink(server, key = null) {
  const name = `${server} ${key ?? ""}`;
  let sink = sinks2.get(name);
  if (sink === void 0) sinks2.set(name, sink = new RemoteSink(server, {
    key
  }));
  return sink;
}
var RemoteSink = class {
  #server;
  #warn;
  #link;
  #outbox = new RemoteOutbox();
  #tasks = /* @__PURE__ */ new Map();
  #retelling = new Retelling();
  #waiting = /* @__PURE__ */ new Set();
  /** The number of the newest report, over all tasks: a task that takes an id again goes on above the former. */
  #newestSeq = 0;
  #gatherTimer;
  /** Set while no task runs: until then there is something to wait for. */
  #restTimer;
  #isPumping = false;
  #isRefused = false;
  #said = /* @__PURE__ */ new Set();
  /**
   * @param server `http://host:port`, with a path where the server has one, without a slash at the end
   * @param options the key, and how to warn
   */
  constructor(server, { key = null, warn: warn2 = warnInConsole } = {}) {
    this.#server = server;
    this.#warn = warn2;
    this.#link = new RemoteLink({
      server,
      key,
      reporter: randomId()
    }, {
      onUp: () => this.#up(),
      onDown: () => this.#down(),
      onReply: (reply) => this.#obey(reply),
      onRefused: (reason) => this.#refused(reason)
    });
  }
  get ready() {
    return this.#isRefused || this.#link.isUp && !this.#outbox.isFull;
  }
  open(task) {
    const key = keyOf2(task);
    if (this.#retelling.endedTask(key) === task) {
      this.#retelling.forget(key);
    } else if (this.#tasks.has(key)) {
      return task.refused(`Cannot create task "${task.id}": the id is taken`);
    } else if (this.#tasks.size + this.#retelling.endedCount >= MOST_TASKS) {
      this.#sayOnce(`${MOST_TASKS} tasks wait for ${this.#server}, so more of them run unseen`);
      return task.refused(null);
    }
    this.#tasks.set(key, task);
    clearTimeout(this.#restTimer);
    this.#link.start();
  }
  report(task, report) {
    if (this.#isRefused) return;
    for (const part of partsOf(report)) {
      this.#outbox.push(JSON.stringify({
        ...part,
        seq: ++this.#newestSeq
      }));
    }
    this.#retelling.reported(keyOf2(task), report.change, this.#outbox.pushed);
    if (this.#isPumping) return;
    this.#isPumping = true;
    queueMicrotask(() => {
      this.#isPumping = false;
      this.#pump(false);
    });
  }
  close(task) {
    const key = keyOf2(task);
    if (this.#tasks.get(key) !== task) return;
    this.#tasks.delete(key);
    if (!this.#isRefused) this.#retelling.ended(key, task, this.#outbox.pushed);
    this.#restSoon();
  }
  async settled() {
    this.#restSoon();
    do {
      await this.#until(() => this.ready || this.#link.isDown);
      this.#flush();
    } while (!this.ready && !this.#link.isDown);
    const { pushed } = this.#outbox;
    await this.#until(() => this.#outbox.committed >= pushed || this.#link.isDown);
  }
  /** Ends the connection at once. By itself it ends a moment after the last report was taken. */
  [Symbol.dispose]() {
    clearTimeout(this.#gatherTimer);
    clearTimeout(this.#restTimer);
    this.#link.stop();
  }
  #up() {
    this.#outbox.restart();
    this.#pump(true);
    this.#flush();
    this.#wake();
  }
  #down() {
    if (!this.#link.hasBeenUp) {
      this.#sayOnce(`No server answers at ${this.#server}, so tasks run unseen until one does`);
    }
    this.#wake();
  }
  #refused(reason) {
    this.#isRefused = true;
    this.#sayOnce(`${this.#server} takes no reports (${reason}), so tasks run unseen`);
    this.#outbox.clear();
    this.#retelling.clear();
    for (const task of [
      ...this.#tasks.values()
    ]) task.refused(null);
    this.#wake();
  }
  #obey(reply) {
    switch (reply.type) {
      case "taken":
        return this.#taken(reply.batch);
      case "alive":
      case "closing":
        return;
    }
    const key = keyOf2(reply);
    const task = this.#tasks.get(key) ?? this.#retelling.endedTask(key);
    switch (reply.type) {
      case "cancel":
        return task?.cancelRequested();
      case "interrupt":
        return task?.interrupted();
      case "unknown":
        return this.#retelling.isOnItsWay(key) ? void 0 : task?.restate(this.#retelling.linesOf(key));
      case "refused":
        task?.refused(reply.reason);
        this.#retelling.forget(key);
    }
  }
  #taken(batch) {
    const before = this.#outbox.committed;
    this.#outbox.taken(batch);
    const { committed } = this.#outbox;
    this.#retelling.committed(committed);
    this.#pump(true);
    this.#flush();
    this.#wake();
    if (committed > before) this.#restSoon();
  }
  /** Sends what there is; a batch that is not full waits a moment while others are on their way, unless it is due. */
  #pump(isDue) {
    while (this.#link.isUp && this.#outbox.onTheWay < this.#link.window) {
      if (!isDue && this.#outbox.onTheWay > 0 && !this.#outbox.hasFullBatch) {
        this.#gatherTimer ??= setTimeout(() => {
          this.#gatherTimer = void 0;
          this.#pump(true);
        }, GATHER_MS);
        return;
      }
      const batch = this.#outbox.next();
      if (batch === void 0) return;
      this.#link.send(writeBatch(batch.number, batch.reports));
    }
  }
  /** Lets tasks say what they held back. */
  #flush() {
    const tasks = [
      ...this.#tasks.values()
    ];
    for (const task of tasks) task.announce();
    for (const task of tasks) {
      if (!this.ready) return;
      task.flush();
    }
  }
  #until(condition) {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => {
      const look = () => {
        if (!condition()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
    });
  }
  #wake() {
    for (const look of [
      ...this.#waiting
    ]) look();
  }
  /** While no task runs, the connection is ended once there is nothing to say any more, or nobody listens. */
  #restSoon() {
    clearTimeout(this.#restTimer);
    for (const task of this.#tasks.values()) if (!task.ended) return;
    if (this.#tasks.size === 0 && this.#outbox.isEmpty) {
      this.#restTimer = unrefTimer(setTimeout(() => this.#link.stop(), IDLE_MS));
    } else {
      this.#restTimer = setTimeout(() => this.#link.pause(), LAST_WORDS_MS);
      if (!this.#link.hasBeenUp) unrefTimer(this.#restTimer);
    }
  }
  #sayOnce(message) {
    if (this.#said.has(message)) return;
    this.#said.add(message);
    this.#warn(message);
  }
};
function keyOf2(task) {
  return `${task.client}/${task.id}`;
}
function warnInConsole(message) {
  console.warn(`[taskscope] ${message}`);
}

// lib/routes.ts
var MONITORS = Symbol.for("taskscope.monitors.v1");
function monitors() {
  const holder = globalThis;
  return holder[MONITORS] ??= /* @__PURE__ */ new Map();
}
function localMonitor(channel) {
  const known = monitors();
  if (channel !== void 0) return known.get(channel);
  if (known.size > 1) {
    throw new AmbiguousMonitorError(`Cannot choose a monitor: ${known.size} run here, so use "monitor.monitored()" of one of them`);
  }
  return known.values().next().value;
}

// lib/server_address.ts
function serverFrom(text) {
  const url = URL.parse(text);
  const isPlain = url !== null && (url.protocol === "http:" || url.protocol === "https:") && url.search === "" && url.hash === "" && url.username === "" && url.password === "";
  return isPlain ? `${url.origin}${url.pathname.replace(/\/+$/, "")}` : null;
}
var saidWrong;
function fallbackServer() {
  const named = readVariable("TASKSCOPE_SERVER");
  if (named === void 0 || named === "") return homeServer();
  return serverFrom(named) ?? wrongServer(named);
}
function wrongServer(named) {
  if (saidWrong !== named) {
    saidWrong = named;
    const wanted = "wanted http(s)://host[:port][/path]";
    console.warn(`[taskscope] TASKSCOPE_SERVER is not used: ${wanted}, received "${named}"`);
  }
  return homeServer();
}

// lib/breath.ts
var LONGEST_STRETCH_MS = 10;
var READY = Promise.resolve();
var breath = null;
var breathedMs = 0;
function breathe(nowMs) {
  if (breath !== null) return breath;
  const since = nowMs - breathedMs;
  if (since >= 0 && since < LONGEST_STRETCH_MS) return READY;
  breath = new Promise((resolve) => setTimeout(() => {
    breath = null;
    breathedMs = Date.now();
    resolve();
  }, 0));
  return breath;
}

// lib/transition.ts
function progressAfter(task, update) {
  const current2 = update.current === void 0 ? task.current : update.current;
  const total = update.total === void 0 ? task.total : update.total;
  if (update.progress !== void 0) {
    const progress = update.progress === null ? null : clampProgress(update.progress);
    return {
      progress,
      current: current2,
      total
    };
  }
  const counted = update.current !== void 0 || update.total !== void 0;
  if (!counted || current2 === null) return {
    progress: task.progress,
    current: current2,
    total
  };
  const known = total !== null && total > 0 && current2 <= total;
  return {
    progress: known ? clampProgress(current2 / total * 100) : null,
    current: current2,
    total
  };
}
function clampProgress(progress) {
  return Math.min(100, Math.max(0, progress));
}
function mergeMetadata(metadata, patch) {
  const kept = Object.entries({
    ...metadata,
    ...patch
  }).filter(([key]) => patch[key] !== null);
  const merged = Object.fromEntries(kept);
  return byteLength(JSON.stringify(merged)) <= LIMITS.metadataBytes ? merged : metadata;
}

// lib/reporter.ts
var REPORTER_DEFAULTS = {
  flushIntervalMs: 50,
  unsentLogLines: 1e3
};
var TaskReporter = class {
  client;
  id;
  #sink;
  #options;
  #handlers;
  /** State changes that were not handed over yet, in order. */
  #states = [];
  /** How the task began, with the metadata that it has now. */
  #create = null;
  /** All else that was said of it since, merged; `null` where nothing was. */
  #summary = null;
  /** It was asked to stop. */
  #isAsked = false;
  #draft = null;
  #draftAt = 0;
  #lines = [];
  #droppedLines = 0;
  #sentLines = 0;
  #progress = {
    progress: null,
    current: null,
    total: null
  };
  #flushedMs = 0;
  #timer;
  #end = null;
  #closed = false;
  #refused = false;
  #warned = false;
  /**
   * @param sink where reports go
   * @param key which task
   * @param handlers what to do on a request to stop and before the end of the process, and where warnings go
   * @param options how to merge
   */
  constructor(sink, key, handlers, options = REPORTER_DEFAULTS) {
    this.#sink = sink;
    this.client = key.client;
    this.id = key.id;
    this.#handlers = handlers;
    this.#options = options;
    sink.open(this);
  }
  get ended() {
    return this.#end !== null;
  }
  /** Registers the task and says that its code begins. */
  begin(create) {
    this.#create = {
      at: Date.now() / 1e3,
      change: create
    };
    this.#sayBeginning();
    this.flush();
  }
  /** Says how far the task is. Never throws: a value that can't be is left out with one warning. */
  update(update) {
    if (this.#end !== null) return;
    const nowMs = Date.now();
    try {
      this.#merge(update ?? {});
    } catch {
      this.#warnOnce("a value can't be read");
    }
    this.#draftAt = nowMs / 1e3;
    this.#flushSoon(nowMs);
  }
  /** Adds a line to the task's log. */
  log(line) {
    if (this.#end !== null) return;
    const nowMs = Date.now();
    this.#lines.push({
      at: nowMs / 1e3,
      text: cut(textOf(line), LIMITS.logLineLength)
    });
    if (this.#lines.length >= this.#options.unsentLogLines) this.flush();
    if (this.#lines.length >= this.#options.unsentLogLines * 2) this.#dropOldLines();
    this.#flushSoon(nowMs);
  }
  /** Says that somebody on this side asked the task to stop. */
  requestCancel() {
    if (this.#end !== null) return;
    this.#isAsked = true;
    this.#states.push({
      at: Date.now() / 1e3,
      change: {
        type: "request_cancel"
      }
    });
    this.flush();
  }
  /** Says how the task ended; nothing can be said afterwards. */
  end(change) {
    if (this.#end !== null) return;
    this.#end = {
      at: Date.now() / 1e3,
      change
    };
    this.flush();
  }
  announce() {
    if (this.#closed || !this.#sink.ready) return;
    for (const { at, change } of this.#states.splice(0)) this.#report(at, change);
  }
  flush() {
    if (this.#closed || !this.#sink.ready) return;
    clearTimeout(this.#timer);
    this.#timer = void 0;
    this.#flushedMs = Date.now();
    this.announce();
    if (this.#draft !== null) {
      const draft = this.#draft;
      this.#draft = null;
      this.#summarise(draft);
      this.#report(this.#draftAt, draft);
    }
    if (this.#lines.length > 0) this.#flushLines();
    if (this.#end !== null) {
      this.#report(this.#end.at, this.#end.change);
      this.#close();
    }
  }
  cancelRequested() {
    if (this.#end === null) this.#handlers.onCancel();
  }
  interrupted() {
    if (this.#end === null) this.#handlers.onInterrupt();
  }
  restate(lines) {
    if (this.#create === null || this.#refused) return;
    if (this.#closed) {
      this.#closed = false;
      this.#sink.open(this);
    }
    this.#states = [];
    if (this.#draft !== null) this.#summarise(this.#draft);
    this.#draft = this.#summary === null ? null : {
      ...this.#summary
    };
    this.#sayBeginning();
    this.#lines.unshift(...lines);
    this.#sentLines = 0;
    this.flush();
  }
  refused(message) {
    if (this.#refused) return;
    this.#refused = true;
    if (message !== null) this.#handlers.warn(`Task "${this.id}" goes on unseen: ${message}`);
    if (!this.#closed) this.#close();
  }
  #sayBeginning() {
    if (this.#create === null) return;
    const { at } = this.#create;
    this.#states.push(this.#create, {
      at,
      change: {
        type: "start"
      }
    });
    if (this.#isAsked) this.#states.push({
      at,
      change: {
        type: "request_cancel"
      }
    });
  }
  /** Takes note of what is said, to be able to say it again. */
  #summarise({ metadata, ...draft }) {
    this.#summary = {
      ...this.#summary,
      ...draft
    };
    if (metadata === void 0 || this.#create === null) return;
    const { at, change } = this.#create;
    this.#create = {
      at,
      change: {
        ...change,
        metadata: mergeMetadata(change.metadata, metadata)
      }
    };
  }
  #close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#timer = void 0;
    this.#states = [];
    this.#draft = null;
    this.#lines = [];
    this.#sink.close(this);
  }
  #report(at, change) {
    if (!this.#closed) this.#sink.report(this, {
      client: this.client,
      id: this.id,
      at,
      change
    });
  }
  #flushSoon(nowMs) {
    if (this.#closed) return;
    const waitMs = this.#flushedMs + this.#options.flushIntervalMs - nowMs;
    if (waitMs <= 0 || waitMs > this.#options.flushIntervalMs) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), waitMs);
  }
  #flushLines() {
    this.#dropOldLines();
    const lines = this.#lines;
    this.#lines = [];
    if (this.#droppedLines > 0) {
      lines.push({
        at: lines.at(-1)?.at ?? 0,
        text: `\u2026 ${this.#droppedLines} lines were dropped before these`
      });
      this.#droppedLines = 0;
    }
    const first = this.#sentLines;
    this.#sentLines += lines.length;
    this.#report(lines[0]?.at ?? 0, {
      type: "log",
      first,
      lines
    });
  }
  #dropOldLines() {
    const over = this.#lines.length - this.#options.unsentLogLines;
    if (over <= 0) return;
    this.#lines = this.#lines.slice(over);
    this.#droppedLines += over;
  }
  #merge(update) {
    const draft = this.#draft ??= {
      type: "update"
    };
    const given = {
      type: "update"
    };
    if (update.progress !== void 0 && this.#isAmount(update.progress, "progress")) {
      given.progress = update.progress;
    }
    if (update.current !== void 0 && this.#isAmount(update.current, "current")) {
      draft.current = given.current = update.current;
    }
    if (update.total !== void 0 && this.#isAmount(update.total, "total")) {
      draft.total = given.total = update.total;
    }
    if (given.progress !== void 0 || given.current !== void 0 || given.total !== void 0) {
      const before = this.#progress.progress;
      this.#progress = progressAfter(this.#progress, given);
      const { progress } = this.#progress;
      if (given.progress !== void 0 || progress !== before) draft.progress = progress;
    }
    if (update.status !== void 0) draft.status = cut(String(update.status), LIMITS.statusLength);
    if (update.unit !== void 0) {
      draft.unit = update.unit === null ? null : cut(String(update.unit), LIMITS.unitLength);
    }
    if (update.metadata !== void 0) this.#mergeMetadata(draft, update.metadata);
  }
  #mergeMetadata(draft, metadata) {
    try {
      const copy = JSON.parse(JSON.stringify(metadata));
      if (typeof copy !== "object" || copy === null || Array.isArray(copy)) {
        throw new TypeError("not an object");
      }
      const merged = {
        ...draft.metadata,
        ...copy
      };
      const text = JSON.stringify(merged);
      if (byteLength(text) > LIMITS.metadataBytes) throw new RangeError("too large");
      if (nestsDeeperThan(text, LIMITS.jsonDepth)) throw new RangeError("too deep");
      draft.metadata = merged;
    } catch {
      this.#warnOnce(`metadata must be a JSON object of at most ${LIMITS.metadataBytes} bytes`);
    }
  }
  #isAmount(value, field) {
    if (value === null || typeof value === "number" && Number.isFinite(value)) return true;
    this.#warnOnce(`"${field}" must be a finite number or null, received ${textOf(value)}`);
    return false;
  }
  #warnOnce(message) {
    if (this.#warned) return;
    this.#warned = true;
    this.#handlers.warn(`Part of an update of task "${this.id}" is left out: ${message}`);
  }
};
function textOf(value) {
  try {
    return String(value);
  } catch {
    return "(something that can't be shown)";
  }
}
function cut(text, most) {
  return text.length <= most ? text : `${text.slice(0, most - 1)}\u2026`;
}

// lib/result.ts
function resultOf(returned) {
  if (returned === void 0) return {
    value: null,
    complaint: null
  };
  const text = jsonTextOf(returned);
  if (text === void 0) return unshown("it is not JSON");
  const bytes = byteLength(text);
  if (bytes > LIMITS.resultBytes) {
    return unshown(`${bytes} bytes of JSON are over the limit of ${LIMITS.resultBytes}`);
  }
  if (nestsDeeperThan(text, LIMITS.jsonDepth)) {
    return unshown(`it is nested more than ${LIMITS.jsonDepth} levels deep`);
  }
  return {
    value: JSON.parse(text),
    complaint: null
  };
}
function unshown(why) {
  return {
    value: null,
    complaint: `The result is not shown: ${why}`
  };
}
function jsonTextOf(returned) {
  try {
    return JSON.stringify(returned);
  } catch {
    return void 0;
  }
}

var ENCODING = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
var ENCODING_LEN = ENCODING.length;
var TIME_MAX = Math.pow(2, 48) - 1;
var TIME_LEN = 10;
var RANDOM_LEN = 16;
var ULID_LEN = TIME_LEN + RANDOM_LEN;
function replaceCharAt(str, index, char) {
  return str.substring(0, index) + char + str.substring(index + 1);
}
function encodeTime(timestamp) {
  if (!Number.isInteger(timestamp) || timestamp < 0 || timestamp > TIME_MAX) {
    throw new RangeError(`Time must be a positive integer less than ${TIME_MAX}`);
  }
  let str = "";
  for (let len = TIME_LEN; len > 0; len--) {
    const mod = timestamp % ENCODING_LEN;
    str = ENCODING[mod] + str;
    timestamp = Math.floor(timestamp / ENCODING_LEN);
  }
  return str;
}
function encodeRandom() {
  let str = "";
  const bytes = crypto.getRandomValues(new Uint8Array(RANDOM_LEN));
  for (const byte of bytes) {
    str += ENCODING[byte % ENCODING_LEN];
  }
  return str;
}
function incrementBase32(str) {
  let index = str.length;
  let char;
  let charIndex;
  const maxCharIndex = ENCODING_LEN - 1;
  while (--index >= 0) {
    char = str[index];
    charIndex = ENCODING.indexOf(char);
    if (charIndex === -1) {
      throw new TypeError("Incorrectly encoded string");
    }
    if (charIndex === maxCharIndex) {
      str = replaceCharAt(str, index, ENCODING[0]);
      continue;
    }
    return replaceCharAt(str, index, ENCODING[charIndex + 1]);
  }
  throw new Error("Cannot increment this string");
}
function monotonicFactory(encodeRand = encodeRandom) {
  let lastTime = 0;
  let lastRandom;
  return function ulid(seedTime = Date.now()) {
    if (seedTime <= lastTime) {
      const incrementedRandom = lastRandom = incrementBase32(lastRandom);
      return encodeTime(lastTime) + incrementedRandom;
    }
    lastTime = seedTime;
    const newRandom = lastRandom = encodeRand();
    return encodeTime(seedTime) + newRandom;
  };
}

var defaultMonotonicUlid = monotonicFactory();
function monotonicUlid(seedTime = Date.now()) {
  return defaultMonotonicUlid(seedTime);
}

// lib/run.ts
var Interruption = class extends DOMException {
  constructor() {
    super("The server was shut down while the task ran", "AbortError");
  }
};
var COMMIT_WAIT_MS2 = 2e3;
var NOWHERE = {
  ready: true,
  open() {
  },
  report() {
  },
  close() {
  },
  settled: () => Promise.resolve()
};
var current = null;
function currentTask() {
  if (current === null) {
    throw new Error("Cannot get current task: wanted a call before the first await of a monitored function");
  }
  return current;
}
function startRun(call, sink, settings) {
  const controller = new AbortController();
  const signal = settings.signal === void 0 ? controller.signal : AbortSignal.any([
    controller.signal,
    settings.signal
  ]);
  const cancel = () => controller.abort(new DOMException("The task was cancelled", "AbortError"));
  const interrupt = () => controller.abort(new Interruption());
  const task = new RunningTask(sink, {
    id: settings.id ?? monotonicUlid(),
    client: settings.client,
    signal,
    onCancel: cancel,
    onInterrupt: interrupt
  });
  task.begin({
    type: "create",
    name: cut(settings.name, LIMITS.nameLength),
    metadata: settings.metadata,
    tags: settings.tags,
    parent_id: null,
    weight: 1,
    attempt: settings.attempt ?? 1,
    retry_of: settings.retryOf ?? null,
    retryable: settings.retryable ?? false,
    stale_after: settings.staleAfterMs === void 0 ? null : settings.staleAfterMs / 1e3
  });
  const asked = () => signal.reason instanceof Interruption || task.requestCancel();
  if (signal.aborted) asked();
  else signal.addEventListener("abort", asked, {
    once: true
  });
  const done = outcomeOf(call, task).finally(() => signal.removeEventListener("abort", asked));
  done.catch(() => {
  });
  return {
    id: task.id,
    done,
    cancel
  };
  async function outcomeOf(call2, task2) {
    try {
      const result = await callWith(call2, task2);
      task2.finish(result);
      return result;
    } catch (error) {
      task2.failOrCancel(error);
      throw error;
    } finally {
      await settledInTime(sink);
    }
  }
}
function callWith(call, task) {
  const outer = current;
  current = task;
  try {
    return call(task);
  } finally {
    current = outer;
  }
}
async function settledInTime(sink) {
  let timer;
  const tooLate = new Promise((resolve) => timer = setTimeout(resolve, COMMIT_WAIT_MS2));
  await Promise.race([
    sink.settled().catch(() => {
    }),
    tooLate
  ]);
  clearTimeout(timer);
}
var RunningTask = class _RunningTask {
  id;
  client;
  signal;
  #sink;
  #options;
  #reporter;
  #children = /* @__PURE__ */ new Set();
  constructor(sink, options) {
    this.id = options.id;
    this.client = options.client;
    this.signal = options.signal;
    this.#sink = sink;
    this.#options = options;
    const { onCancel, onInterrupt } = options;
    this.#reporter = new TaskReporter(sink, options, {
      onCancel,
      onInterrupt,
      warn
    });
  }
  begin(create) {
    this.#reporter.begin(create);
  }
  requestCancel() {
    this.#reporter.requestCancel();
  }
  update(update) {
    this.#reporter.update(update);
    return breathe(Date.now());
  }
  log(line) {
    this.#reporter.log(line);
  }
  async *track(items, options = {}) {
    const { total = sizeOf(items), unit } = options;
    let count2 = 0;
    const first = {
      current: count2,
      total: total ?? null,
      ...unit !== void 0 && {
        unit
      }
    };
    await this.update(first);
    for await (const item of items) {
      this.signal.throwIfAborted();
      yield item;
      await this.update({
        current: ++count2
      });
    }
  }
  child(name, options = {}) {
    const { weight = 1 } = options;
    const child = new _RunningTask(this.#reporter.ended ? NOWHERE : this.#sink, {
      ...this.#options,
      id: monotonicUlid(),
      onEnd: (ended) => this.#children.delete(ended)
    });
    this.#children.add(child);
    child.begin({
      type: "create",
      name: cut(textOf(name), LIMITS.nameLength) || "part",
      metadata: {},
      tags: [],
      parent_id: this.id,
      weight: Number.isFinite(weight) && weight >= 0 ? weight : 1,
      attempt: 1,
      retry_of: null,
      retryable: false,
      stale_after: null
    });
    return child;
  }
  finish(result) {
    for (const child of this.#children) child.finish();
    const { value, complaint } = resultOf(result);
    if (complaint !== null) this.log(complaint);
    this.#end({
      type: "finish",
      result: value
    });
  }
  fail(error) {
    const reason = taskErrorOf(error);
    for (const child of this.#children) child.fail(error);
    this.#end({
      type: "fail",
      error: reason
    });
  }
  failOrCancel(error) {
    if (!this.signal.aborted || !isAbort(error, this.signal.reason)) this.fail(error);
    else if (this.signal.reason instanceof Interruption) this.#interrupted(this.signal.reason.message);
    else this.#cancelled();
  }
  [Symbol.dispose]() {
    this.finish();
  }
  #cancelled() {
    for (const child of this.#children) child.#cancelled();
    this.#end({
      type: "cancelled"
    });
  }
  #interrupted(message) {
    for (const child of this.#children) child.#interrupted(message);
    this.#end({
      type: "fail",
      error: {
        type: "interrupted",
        message
      }
    });
  }
  #end(change) {
    this.#reporter.end(change);
    this.#options.onEnd?.(this);
  }
};
function sizeOf(items) {
  if (typeof items === "string") return [
    ...items
  ].length;
  if (typeof items !== "object" || items === null) return void 0;
  if ("length" in items && typeof items.length === "number") return items.length;
  if ("size" in items && typeof items.size === "number") return items.size;
  return void 0;
}
function isAbort(error, reason) {
  const seen = /* @__PURE__ */ new Set();
  try {
    for (let cause = error; !seen.has(cause); cause = cause instanceof Error ? cause.cause : void 0) {
      if (cause === reason || cause instanceof Error && cause.name === "AbortError") return true;
      seen.add(cause);
    }
  } catch {
  }
  return false;
}
function taskErrorOf(thrown) {
  try {
    if (!(thrown instanceof Error)) {
      return {
        message: cut(String(thrown), LIMITS.errorMessageLength),
        type: typeof thrown
      };
    }
    return {
      message: cut(String(thrown.message), LIMITS.errorMessageLength),
      type: cut(String(thrown.name), LIMITS.errorTypeLength),
      ...typeof thrown.stack === "string" && {
        stack: cut(thrown.stack, LIMITS.errorStackLength)
      }
    };
  } catch {
    return {
      message: "Something was thrown that can't be shown",
      type: "unknown"
    };
  }
}
function warn(message) {
  console.warn(`[taskscope] ${message}`);
}

// lib/wrap.ts
var STARTABLE = Symbol.for("taskscope.startable.v1");
function wrap(fn, options, sinkFor) {
  return wrapChecked(fn, checked(options), sinkFor);
}
function wrapChecked(fn, options, sinkFor) {
  function run(self, sink, options2, args, start = {}) {
    const settings = {
      ...settingsOf(options2, fn.name),
      ...start
    };
    return startRun((task) => fn.call(self, task, ...args), sink, settings);
  }
  function call(...args) {
    try {
      return run(this, sinkFor(options), options, args).done;
    } catch (error) {
      return Promise.reject(error);
    }
  }
  const startable = {
    name: nameOf(options, fn.name),
    input: options.input ?? null,
    start: (sink, { attempt = 1, retryOf, ...overrides }, args) => {
      const all = {
        ...options,
        ...checked(overrides)
      };
      const start = {
        attempt,
        ...retryOf !== void 0 && {
          retryOf
        },
        retryable: true
      };
      return run(void 0, sink, all, args, start);
    }
  };
  Object.defineProperties(call, {
    name: {
      value: fn.name,
      configurable: true
    },
    length: {
      value: Math.max(0, fn.length - 1),
      configurable: true
    },
    [STARTABLE]: {
      value: startable
    }
  });
  return Object.assign(call, {
    start: (...args) => run(void 0, sinkFor(options), options, args),
    with: (overrides) => wrapChecked(fn, {
      ...options,
      ...checked(overrides)
    }, sinkFor)
  });
}
function settingsOf(options, functionName) {
  return {
    name: nameOf(options, functionName),
    client: options.client ?? defaultClient(),
    id: options.id,
    tags: options.tags ?? [],
    metadata: options.metadata ?? {},
    staleAfterMs: options.staleAfterMs,
    signal: options.signal
  };
}
function nameOf(options, functionName) {
  return options.name ?? (functionName === "" ? "task" : functionName);
}
function defaultClient() {
  const named = readVariable("TASKSCOPE_CLIENT");
  return named !== void 0 && isClientToken(named) ? named : DEFAULT_CLIENT;
}
function checked(options) {
  if (options.client !== void 0 && !isClientToken(options.client)) {
    throw wrong2("client", 'a client token such as "default"', options.client);
  }
  if (options.id !== void 0 && !isTaskId(options.id)) throw wrong2("id", "a task id", options.id);
  if (options.server !== void 0 && serverFrom(options.server) === null) {
    throw wrong2("server", 'an address such as "http://127.0.0.1:8000"', options.server);
  }
  if (options.key !== void 0 && !/^[\x21-\x7e]{1,2048}$/.test(options.key)) {
    throw wrong2("key", "ASCII without spaces", `${options.key.length} characters`);
  }
  const { staleAfterMs } = options;
  if (staleAfterMs !== void 0 && !(Number.isFinite(staleAfterMs) && staleAfterMs > 0)) {
    throw wrong2("staleAfterMs", "a number of milliseconds above 0", staleAfterMs);
  }
  try {
    parseChange({
      type: "create",
      name: options.name ?? "task",
      tags: options.tags,
      metadata: options.metadata
    });
  } catch (error) {
    throw new ConfigError(`Cannot monitor function: ${error.message}`, {
      cause: error
    });
  }
  return options;
}
function wrong2(option, wanted, received) {
  return new ConfigError(`Cannot monitor function: "${option}" must be ${wanted}, received ${String(received)}`);
}

// lib/monitored.ts
function monitored(first, options = {}) {
  if (typeof first === "function") return wrap(first, options, findSink);
  return decoratorOf(first ?? {});
}
function decoratorOf(options) {
  return function decorate(method, context) {
    function withoutTask(_task, ...args) {
      return method.apply(this, args);
    }
    const named = {
      name: String(context.name),
      ...options
    };
    return wrap(withoutTask, named, findSink);
  };
}
function findSink(options) {
  const server = options.server === void 0 ? null : serverFrom(options.server);
  if (server !== null) return remoteSink(server, keyOf3(options));
  const { channel = DEFAULT_CHANNEL, key } = options;
  return localMonitor(options.channel) ?? channelSink(channel, () => otherSink(options), key);
}
function otherSink(options) {
  const server = fallbackServer();
  return server === null ? null : remoteSink(server, keyOf3(options));
}
function keyOf3({ key }) {
  return key ?? (readVariable("TASKSCOPE_KEY") || null);
}

// lib/served.ts
setHomeServer(import.meta.url);
export {
  AmbiguousMonitorError,
  ConfigError,
  ProtocolError,
  currentTask,
  monitored
};
