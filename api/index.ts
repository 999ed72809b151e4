/** Millrace for programs: export and query a store, and follow its rows live, from TypeScript. */

export type { QueryParam } from "../actors/analyst/protocol.ts";
export type { PrivacyReport } from "../actors/exporter/anonymous/report.ts";
export {
  COMPRESSIONS,
  type Compression,
  EXPORT_FORMATS,
  type ExportFormatName,
  type ExportStats,
  PROFILES,
  type Profile,
} from "../actors/exporter/order.ts";
export type { Refused } from "../actors/refused.ts";
export type { DatasetStats, StoreStats } from "../actors/store/stats.ts";
export type { VerifyProgress, VerifyReport } from "../actors/store/verify.ts";
export { type Notice, STREAM_FORMATS, type StreamFormat } from "../datasets/records/format.ts";
export type { OutletView } from "../http/outlet-view.ts";
export type {
  Agreement,
  AgreementReport,
  ColumnQuality,
  Drift,
  Finding,
  FindingKind,
  QualityReport,
  QualityRules,
} from "../quality/report.ts";
export {
  type LocalStoreClient,
  type LocalStoreOpened,
  type LocalStoreOptions,
  openLocalStore,
  type StoreInUse,
} from "./local.ts";
export type { OutletAt, OutletClient, OutletOpenRefusal, OutletOptions } from "./outlets.ts";
export type { AgreementOptions, QualityClient, ValidateOptions, ValidateRefusal } from "./quality-client.ts";
export {
  connectStore,
  type RemoteStoreClient,
  type RemoteStoreOptions,
  type StreamBytesOptions,
  type StreamRefusal,
} from "./remote.ts";
export type * from "./store-client.ts";
export {
  type StreamOptions,
  type StreamRecord,
  type StreamRecordsOptions,
  StreamRefused,
  streamRecords,
} from "./stream-records.ts";
