/**
 * Ids of the fields of a footer's structs that we read or write
 * (https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift).
 */

export const FILE = {
  version: 1,
  schema: 2,
  rows: 3,
  groups: 4,
  metadata: 5,
  createdBy: 6,
  columnOrders: 7,
} as const;

export const ELEMENT = {
  type: 1,
  repetition: 3,
  name: 4,
  children: 5,
  converted: 6,
  logical: 10,
} as const;

export const GROUP = {
  columns: 1,
  uncompressedBytes: 2,
  rows: 3,
  at: 5,
  bytes: 6,
  ordinal: 7,
} as const;

export const CHUNK = { secondMetaAt: 2, meta: 3 } as const;

/** Of ColumnMetaData. */
export const COLUMN = {
  type: 1,
  path: 3,
  codec: 4,
  values: 5,
  uncompressedBytes: 6,
  bytes: 7,
  dataAt: 9,
  indexAt: 10,
  dictionaryAt: 11,
  statistics: 12,
  encodingStatistics: 13,
  bloomAt: 14,
  bloomBytes: 15,
  sizeStatistics: 16,
} as const;

/** Bounds are in the order of the column's type; older ones, in an order of nobody's, are not here. */
export const STATISTICS = { nulls: 3, max: 5, min: 6 } as const;

export const KEY_VALUE = { key: 1, value: 2 } as const;
