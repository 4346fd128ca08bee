import type { ChainFault } from '../manifest/chain.ts';

/** What can be wrong with a file that a manifest names, or with the rows in it. */
export type FileFault =
  | 'missing_file'
  | 'other_size'
  | 'other_bytes' // its sha256 is not the manifest's
  | 'unreadable' // it is no Parquet file that this program wrote
  | 'other_rows'
  | 'other_content' // rows of an hour are not the archived ones
  | 'unreadable_value'; // of a sample: its key is not there, or does not open it

/** What can be wrong with what points at the chain. */
export type HeadFault = 'damaged_head' | 'missing_head' | 'unknown_head';

/** One thing that is wrong with an archive, and exactly where. */
export interface Finding {
  readonly fault: ChainFault | FileFault | HeadFault;
  /** Number of the manifest; undefined for what belongs to none. */
  readonly sequence: number | undefined;
  /** Key of the manifest or file in the store. */
  readonly place: string;
  /** Start of the hour, where the fault is known as closely as that. */
  readonly hour?: string;
  readonly message: string;
}
