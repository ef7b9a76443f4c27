// Values of attributes and of log records.

/**
 * A value of an attribute. Whole numbers are sent as integers, dates as ISO 8601, URLs and errors as text,
 * sets and typed arrays as lists.
 */
export type AttributeValue =
  | string
  | number
  | bigint
  | boolean
  | string[]
  | number[]
  | boolean[]
  | Date
  | URL
  | Error
  | Set<unknown>
  | ArrayBufferView;

/**
 * A value of a log record: also lists and maps of values, up to eight deep and 1024 in all. The first error
 * among a record's body and attributes also becomes `exception.type`, `exception.message` and
 * `exception.stacktrace`.
 */
export type LogValue = AttributeValue | LogValue[] | Map<unknown, unknown> | { [key: string]: LogValue };
