/** Something came from outside that does not follow the protocol: JSON of the wrong shape, an id of the wrong grammar. */
export declare class ProtocolError extends Error { /** The name of the class. */ readonly name = "ProtocolError";
}
/** An option has a value that it can't have. The message names the option, what was wanted and what came. */
export declare class ConfigError extends Error { /** The name of the class. */ readonly name = "ConfigError";
}
/** `monitored()` can't tell which monitor is meant. */
export declare class AmbiguousMonitorError extends Error { /** The name of the class. */ readonly name = "AmbiguousMonitorError";
}
/** What a monitored function is given as its first argument. */
export interface MonitoredTask { /** The task's id. */ readonly id: string;
    /** The client token that the task is seen under. */
    readonly client: string;
    /** Aborted when somebody asks the task to stop. Pass it on, or look at it between steps. */
    readonly signal: AbortSignal;
    /**
     * Says how far the task is. Costs next to nothing, so call it as often as there is news: what comes in quick
     * succession is merged. It acts at once; awaiting it lets the event loop breathe, so that a server in the same
     * isolate goes on answering. It never throws.
     *
     * @param update `progress` from 0 to 100 (`null` = unknown), or `current` of `total`, and a `status` for people
     * @returns a promise to await in tight loops
     */
    update(update: TaskUpdate): Promise<void>;
    /** Adds a line to the task's log. */
    log(line: string): void;
    /**
     * Goes through items and counts them as progress.
     *
     * @param items what to go through
     * @param options how many there are, where `length` or `size` does not tell, and what they are
     * @returns the same items; throws the signal's reason once the task is asked to stop
     */
    track<Item>(items: Iterable<Item> | AsyncIterable<Item>, options?: TrackOptions): AsyncGenerator<Item, void, undefined>;
    /**
     * Begins a part of this task that has a bar of its own and owns a slice of this task's bar.
     *
     * @param name what the part does
     * @param options how large its slice is
     * @returns the part, to be ended by `finish()`, `fail()` or `using`; it ends with this task at the latest
     */
    child(name: string, options?: ChildOptions): MonitoredChild;
}
/** Options of {@linkcode MonitoredTask.track}. */
export interface TrackOptions { /** How many items there are. */ readonly total?: number;
    /** What the items are: `"files"`. */
    readonly unit?: string;
}
/** Options of {@linkcode MonitoredTask.child}. */
export interface ChildOptions { 
/**
 * The size of the slice relative to the other children's.
 *
 * @default {1}
 */
readonly weight?: number;
}
/** A part of a task, with a bar of its own. */
export interface MonitoredChild extends MonitoredTask, Disposable { /** Ends the part. */ finish(result?: unknown): void;
    /** Ends the part as failed. The task itself goes on. */
    fail(error: unknown): void;
}
/** A run that was started. */
export interface TaskHandle<Result> { /** The task's id. */ readonly id: string;
    /** The function's own outcome. A rejection that nobody awaits is no unhandled rejection: the task shows it. */
    readonly done: Promise<Result>;
    /** Asks the run to stop, by aborting its `task.signal`. */
    cancel(): void;
}
/**
 * The task of the monitored function that is being called. For the parameter's default value of decorated methods, and
 * for functions that are called at once; after the first `await` it is gone, so keep it in a variable.
 *
 * @returns the task
 * @throws {Error} outside of a monitored function, or after its first `await`
 */
export declare function currentTask(): MonitoredTask;
/** An update as user code gives it: nothing is believed. */
export interface TaskUpdate extends Omit<UpdateChange, "type"> { }
/** Any value that survives `JSON.stringify` and `JSON.parse` unchanged. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
/** A plain JSON object. */
export type JsonObject = { readonly [key: string]: JsonValue;
};
/** What a reporter says on the way. A key that is absent stays as it is; `null` makes it unknown. */
export interface UpdateChange { /** Tells changes apart. */ readonly type: "update";
    /** How far, from 0 to 100. */
    readonly progress?: number | null;
    /** What is going on, for people. */
    readonly status?: string;
    /** How many of `total` are done; `progress` follows where it is not given. */
    readonly current?: number | null;
    /** How many there are. */
    readonly total?: number | null;
    /** What is counted: `"files"`, `"B"`. */
    readonly unit?: string | null;
    /** Merged into the task's metadata key by key; a key that is `null` is removed. */
    readonly metadata?: JsonObject;
}
/** What may be said anew for a single call. */
export interface CallOptions { 
/**
 * The client token that the task is seen under.
 *
 * @default {"TASKSCOPE_CLIENT, else \"default\""}
 */
readonly client?: string;
    /** The task's id; a ULID where none is given. An id serves one run only. */
    readonly id?: string;
    /** Words to filter by: at most 32 of at most 64 characters. */
    readonly tags?: readonly string[];
    /** What else is to be seen beside the task: at most 16 KiB of JSON. */
    readonly metadata?: JsonObject;
    /** Asks the run to stop, beside the requests that come from watchers. */
    readonly signal?: AbortSignal;
}
/** Options of {@linkcode monitored}. */
export interface MonitoredOptions extends CallOptions { 
/**
 * What the tasks are called, at most 200 characters.
 *
 * @default {"the function's name"}
 */
readonly name?: string;
    /**
     * The address of the server that reports go to, such as `http://127.0.0.1:8000`, before any other.
     *
     * @default {"a monitor in this process, else TASKSCOPE_SERVER, else the server that this module was loaded from"}
     */
    readonly server?: string;
    /**
     * The key of the server that reports go to, or a token for reporters. A monitor in the same process needs none.
     *
     * @default the environment variable `TASKSCOPE_KEY`, where it may be read
     */
    readonly key?: string;
    /**
     * A JSON Schema of what the function takes: of the only argument, or, with `"type": "array"` and `prefixItems`, of
     * the list of arguments. The page makes a form of it. Its `title` and `description` are shown.
     */
    readonly input?: JsonObject;
    /** The task is shown as stale when it says nothing for so many milliseconds. By default it never is. */
    readonly staleAfterMs?: number;
    /**
     * The name of the channel of the monitor that reports go to, where the process holds several.
     *
     * @default {"taskscope"}
     */
    readonly channel?: string;
}
/** A function whose calls are seen as tasks. */
export interface MonitoredFunction<This, Args extends unknown[], Result> { /** Calls the function; behaves as the function itself. */
    (this: This, ...args: Args): Promise<Awaited<Result>>;
    /** Calls the function and gives a handle on the run. */
    start(...args: Args): TaskHandle<Awaited<Result>>;
    /** The same function with other options. */
    with(options: CallOptions): MonitoredFunction<This, Args, Result>;
}
/** A function to monitor, which takes the task first. */
export type TaskFunction<This, Args extends unknown[], Result> = (this: This, task: MonitoredTask, ...args: Args) => Result;
/** A method that returns a promise. */
export type AsyncMethod<This, Args extends unknown[], Result> = (this: This, ...args: Args) => Promise<Result>;
/** A decorator for methods that return a promise. */
export type MonitoredDecorator = <This, Args extends unknown[], Result>(method: AsyncMethod<This, Args, Result>, context: ClassMethodDecoratorContext<This, AsyncMethod<This, Args, Result>>) => AsyncMethod<This, Args, Result>;
/**
 * Makes a function whose calls are seen as tasks. The new function takes the arguments behind the first one, which is
 * the task, returns a promise, and otherwise behaves as the function itself: same `this`, arguments, result and thrown
 * error. A report that fails never reaches the function.
 *
 * Reports go to the server of the option `server`; else to the monitor of the same isolate; else to one in another
 * isolate of the process, which is found by its channel; else to the server of `TASKSCOPE_SERVER`; else to the one that
 * this module was loaded from; else nowhere, which is said once.
 *
 * @typeParam This what `this` is in the function
 * @typeParam Args the arguments behind the task
 * @typeParam Result what the function returns
 * @param fn what to call, with the task first
 * @param options what the tasks are to be known as
 * @returns the function to call instead
 * @throws {ConfigError} where an option has a value that it can't have
 * @throws {AmbiguousMonitorError} when it is called while several monitors run in the isolate
 */
export declare function monitored<This, Args extends unknown[], Result>(fn: TaskFunction<This, Args, Result>, options?: MonitoredOptions): MonitoredFunction<This, Args, Result>;
/**
 * Decorates a method so that its calls are seen as tasks. The method keeps its parameters; it gets its task from
 * {@linkcode currentTask}, best as the default value of a last parameter.
 *
 * @example
 * ```ts
 * import { currentTask, monitored } from "@taskscope/taskscope/monitored";
 *
 * class Importer {
 *   @monitored()
 *   async load(path: string, task = currentTask()): Promise<string> {
 *     await task.update({ progress: 50, status: `Reading ${path}` });
 *     return path.toUpperCase();
 *   }
 * }
 *
 * if (await new Importer().load("a.csv") !== "A.CSV") throw new Error("not loaded");
 * ```
 *
 * @param options what the tasks are to be known as
 * @returns the decorator
 * @throws {ConfigError} where an option has a value that it can't have
 */
export declare function monitored(options?: MonitoredOptions): MonitoredDecorator;
export {};
