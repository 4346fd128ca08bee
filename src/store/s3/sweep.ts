import { storeFaultOf } from '../store-error.ts';
import type { S3Needs } from './client.ts';
import { plainS3Error } from './errors.ts';
import type { S3Place } from './place.ts';

interface SweepRequest {
  /** In the bucket. */
  readonly prefix: string;
  readonly olderThanMs: number;
}

interface Unfinished {
  readonly name: string;
  readonly id: string;
  readonly initiated: Date | undefined;
}

/** Aborts multipart uploads that nobody will complete: invisible, and paid for. */
export async function sweepUploads(needs: S3Needs, place: S3Place, request: SweepRequest): Promise<number> {
  const unfinished: Unfinished[] = [];
  // All first: aborting moves the pages under the feet of the listing.
  for await (const upload of listUnfinished(place, request.prefix)) unfinished.push(upload);
  const now = needs.clock.now().getTime();
  const stale = unfinished.filter(
    ({ initiated }) => request.olderThanMs === 0 || (initiated?.getTime() ?? now) <= now - request.olderThanMs,
  );
  for (const { name, id } of stale) await abort(place, name, id);
  return stale.length;
}

async function* listUnfinished(
  { caller, bucket, callOf }: S3Place,
  prefix: string,
): AsyncGenerator<Unfinished, void, void> {
  const call = callOf('ListMultipartUploads');
  let next: { KeyMarker: string | undefined; UploadIdMarker: string | undefined } | undefined;
  do {
    const request = { Bucket: bucket, Prefix: prefix, ...next };
    const page = await caller.ask(call, (client, sdk, options) =>
      client.send(new sdk.ListMultipartUploadsCommand(request), options),
    );
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      if (Key === undefined || UploadId === undefined) throw plainS3Error(call, 'wrong_answer', 'no key or upload id');
      yield { name: Key, id: UploadId, initiated: Initiated };
    }
    next =
      page.IsTruncated === true
        ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
        : undefined;
    if (next !== undefined && !next.KeyMarker) throw plainS3Error(call, 'wrong_answer', 'no marker');
  } while (next !== undefined);
}

async function abort({ caller, bucket, callOf }: S3Place, name: string, UploadId: string): Promise<void> {
  const call = callOf('AbortMultipartUpload', name);
  try {
    await caller.ask(call, (client, sdk, options) =>
      client.send(new sdk.AbortMultipartUploadCommand({ Bucket: bucket, Key: name, UploadId }), options),
    );
  } catch (error) {
    // Completed or aborted since it was listed.
    if (storeFaultOf(error) !== 'not_found') throw error;
  }
}
