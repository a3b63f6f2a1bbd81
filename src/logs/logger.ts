import { checkOptionNames } from "../internal/check_options.ts";
import { describeShape, isObject } from "../internal/shape.ts";
import { type FailureEntry, TEXTS } from "./failure_entry.ts";

/**
 * The methods of loggers that {@linkcode logFailures} can call.
 *
 * @category Logs
 */
export type FailureLogLevel = "error" | "warn" | "info" | "debug";

/**
 * A logger that takes the text first: the console, Powertools Logger, LogTape, winston, or an object of
 * your own.
 *
 * @category Logs
 * @typeParam TLevel The method that is called.
 */
export type TextFirstLogger<TLevel extends FailureLogLevel = "error"> =
  & { readonly [level in TLevel]: (text: string, entry: FailureEntry) => unknown }
  & { readonly bindings?: undefined };

/**
 * A logger that takes the fields first: pino. It is recognized by its method `bindings()`. It gets the error as
 * `err`, the key under which it serializes errors.
 *
 * @category Logs
 * @typeParam TLevel The method that is called.
 */
export type PinoLogger<TLevel extends FailureLogLevel = "error"> =
  & { readonly [level in TLevel]: (fields: PinoFields, text: string) => unknown }
  & { bindings(): object };

/**
 * A {@linkcode FailureEntry} as pino gets it.
 *
 * @category Logs
 */
export type PinoFields = Omit<FailureEntry, "error"> & {
  /** What was thrown, untouched. Absent if nothing was. */
  readonly err?: unknown;
};

/**
 * A logger that {@linkcode logFailures} takes.
 *
 * @category Logs
 * @typeParam TLevel The method that is called.
 */
export type FailureLogger<TLevel extends FailureLogLevel = "error"> =
  | TextFirstLogger<TLevel>
  | PinoLogger<TLevel>;

/**
 * Options of {@linkcode logFailures}.
 *
 * @category Logs
 * @typeParam TLevel The method that is called.
 */
export interface LogFailuresOptions<TLevel extends FailureLogLevel = FailureLogLevel> {
  /**
   * The method of the logger that is called.
   *
   * @default {"error"}
   */
  readonly level?: TLevel;
}

const LEVELS: readonly string[] = ["error", "warn", "info", "debug"] satisfies FailureLogLevel[];

/** @throws {TypeError} If an option is wrong or does not exist. */
export function checkLevel(options: LogFailuresOptions): FailureLogLevel {
  checkOptionNames(options, ["level"], "logFailures()");
  const { level = "error" } = options;
  if (LEVELS.includes(level)) return level;
  throw new TypeError(
    `Cannot use level: expected one of ${LEVELS.join(", ")}, got ${describeShape(level)}`,
  );
}

/** @throws {TypeError} If the value has no such method. */
export function checkLogger(logger: unknown, level: FailureLogLevel): asserts logger is object {
  const canHaveMethods = typeof logger === "function" || isObject(logger);
  if (canHaveMethods && typeof Reflect.get(logger, level) === "function") return;
  throw new TypeError(
    `Cannot use logger: expected an object with a method ${level}(), got ${describeShape(logger)}`,
  );
}

/**
 * Returns a function that writes an entry so that the logger makes a structured one of it. The logger's
 * method is looked up for each entry, and its result is returned.
 */
export function entryWriter(
  logger: object,
  level: FailureLogLevel,
): (entry: FailureEntry) => unknown {
  const log = (...args: readonly unknown[]): unknown =>
    Reflect.apply(Reflect.get(logger, level), logger, args);
  if (isPino(logger)) return (entry) => log(pinoFields(entry), TEXTS[entry.outcome]);
  // Lambda's JSON log format keeps an object's members apart only if the object is the one argument.
  if (isConsole(logger)) return (entry) => log({ message: TEXTS[entry.outcome], ...entry });
  return (entry) => log(TEXTS[entry.outcome], entry);
}

function isPino(logger: object): boolean {
  return typeof Reflect.get(logger, "bindings") === "function";
}

function isConsole(logger: object): boolean {
  return logger === globalThis.console;
}

function pinoFields(entry: FailureEntry): PinoFields {
  if (!("error" in entry)) return entry;
  const { error: err, ...fields } = entry;
  return { ...fields, err };
}
