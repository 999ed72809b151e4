/** First bytes of MessagePack's values; of those with a count in it, and of small numbers, there are ranges (0x80 map, 0x90 array, 0xa0 text). */

export const NIL = 0xc0;
export const NEVER_USED = 0xc1;
export const FALSE = 0xc2;
export const TRUE = 0xc3;
export const BIN8 = 0xc4;
export const BIN32 = 0xc6;
export const EXT8 = 0xc7;
export const FLOAT32 = 0xca;
export const FLOAT64 = 0xcb;
export const UINT8 = 0xcc;
export const UINT16 = 0xcd;
export const UINT32 = 0xce;
export const UINT64 = 0xcf;
export const INT8 = 0xd0;
export const INT16 = 0xd1;
export const INT32 = 0xd2;
export const INT64 = 0xd3;
export const FIXEXT1 = 0xd4;
export const STR8 = 0xd9;
export const STR32 = 0xdb;
export const ARRAY16 = 0xdc;
export const MAP16 = 0xde;
