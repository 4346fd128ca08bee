import { storeError, storeFaultOf, truncated } from '../store-error.ts';
import { classify } from './classify.ts';
import type { S3Needs } from './client.ts';
import { pauseAfter } from './client.ts';
import { plainS3Error, s3Error } from './errors.ts';
import type { S3Place } from './place.ts';

interface Range {
  readonly offset: number;
  readonly length: number;
}

interface Answer {
  readonly bytes: number;
  readonly etag: string | undefined;
  readonly body: AsyncIterable<Uint8Array>;
}

/** In a row, without a single byte between them. */
const MOST_BREAKS = 6;

/**
 * The bytes of an object as S3 gives them. A connection that breaks is taken up where it broke, of the very same object:
 * one that was replaced meanwhile is an error, never a mixture.
 */
export async function* readObject(
  needs: S3Needs,
  place: S3Place,
  key: string,
  range: Range | undefined,
): AsyncGenerator<Uint8Array, void, void> {
  if (range?.length === 0) return;
  const call = place.callOf('GetObject', key);
  const first = await get(place, key, range, undefined);
  if (range !== undefined && first.bytes < range.length) {
    throw truncated(call.location, key, { expected: range.length, found: first.bytes });
  }
  const progress = { done: 0, breaks: 0 };
  for (let answer = first; ;) {
    try {
      for await (const piece of answer.body) {
        progress.done += piece.length;
        progress.breaks = 0;
        yield piece;
      }
      if (progress.done === first.bytes) return;
      throw truncated(call.location, key, { expected: first.bytes, found: progress.done });
    } catch (error) {
      needs.signal.throwIfAborted();
      const failure = classify(error);
      if (failure === undefined) throw error;
      progress.breaks += 1;
      if (!failure.transient || progress.breaks >= MOST_BREAKS) throw s3Error(call, failure, progress.breaks);
      await needs.clock.sleep(pauseAfter(progress.breaks, needs.random), needs.signal);
    }
    if (progress.done === first.bytes) return;
    const rest = { offset: (range?.offset ?? 0) + progress.done, length: first.bytes - progress.done };
    answer = await get(place, key, rest, first.etag);
  }
}

async function get(
  { caller, bucket, nameOf, callOf }: S3Place,
  key: string,
  range: Range | undefined,
  etag: string | undefined,
): Promise<Answer> {
  const call = callOf('GetObject', key);
  const request = {
    Bucket: bucket,
    Key: nameOf(key),
    ...(range === undefined ? {} : { Range: `bytes=${range.offset}-${range.offset + range.length - 1}` }),
    ...(etag === undefined ? {} : { IfMatch: etag }),
  };
  const { Body, ContentLength, ETag } = await caller
    .ask(call, (client, sdk, options) => client.send(new sdk.GetObjectCommand(request), options))
    .catch((error: unknown) => {
      // The one condition there is: that it is the object whose beginning was read.
      throw storeFaultOf(error) === 'already_exists' ? replaced(call.location, key) : error;
    });
  if (Body === undefined || ContentLength === undefined) throw plainS3Error(call, 'wrong_answer', 'no body or length');
  // In Node the SDK's body is the response itself, a stream of buffers.
  return { bytes: ContentLength, etag: ETag, body: Body as unknown as AsyncIterable<Uint8Array> };
}

function replaced(location: string, key: string) {
  return storeError('unhealthy', 'changed_on_the_way', `${key} in ${location} was replaced while it was read`, {
    hint: 'somebody writes to the archive; ordersync archive verify tells whether what is there now is genuine',
    facts: { location, key },
  });
}
