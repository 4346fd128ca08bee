import { createHash } from 'node:crypto';
import type { SentObject, Upload } from '../store.ts';
import { alreadyThere } from '../store-error.ts';
import type { S3Failure } from './classify.ts';
import type { Parts } from './parts.ts';
import { beginParts, lockOf } from './parts.ts';
import type { S3Place, Whereabouts } from './place.ts';

/** At least 5 MiB but for the last part, at most 10 000 parts: objects of up to 78 GiB. */
const PART_BYTES = 8 * 1024 * 1024;

interface S3UploadRequest {
  readonly key: string;
  readonly ifAbsent: boolean;
  readonly whereabouts: Whereabouts;
}

/** An object on its way into S3: small ones in one request, others in parts, of which three are in memory at most. */
export class S3Upload implements Upload {
  readonly #place: S3Place;
  readonly #request: S3UploadRequest;
  readonly #hash = createHash('sha256');
  #buffer: Buffer = Buffer.alloc(0);
  /** Parts that were sent: filled anew, since the collector frees what is outside its heap too late to keep memory flat. */
  readonly #free: Buffer[] = [];
  #filled = 0;
  #bytes = 0;
  #parts: Parts | undefined;
  #ended = false;

  constructor(place: S3Place, request: S3UploadRequest) {
    this.#place = place;
    this.#request = request;
  }

  async write(piece: Uint8Array): Promise<void> {
    this.#requireOpen();
    this.#hash.update(piece);
    this.#bytes += piece.length;
    await this.#orAbandon(async () => {
      for (let done = 0; done < piece.length;) {
        if (this.#filled === PART_BYTES) await this.#sendPart();
        const room = Math.min(PART_BYTES - this.#filled, piece.length - done);
        this.#makeRoom(room);
        this.#buffer.set(piece.subarray(done, done + room), this.#filled);
        this.#filled += room;
        done += room;
      }
    });
  }

  async finish(): Promise<SentObject> {
    this.#requireOpen();
    const { key, ifAbsent, whereabouts } = this.#request;
    const sent = { key, bytes: this.#bytes, sha256: this.#hash.digest('hex') };
    await this.#orAbandon(async () => {
      // Services that do not know If-None-Match would replace what is there: asked first, few do.
      if (ifAbsent && (await whereabouts.has(key))) throw alreadyThere(this.#place.callOf('PutObject').location, key);
      if (this.#parts === undefined) return this.#putWhole(sent);
      if (this.#filled > 0) await this.#sendPart();
      return this.#parts.complete({ ifAbsent, doneBefore: this.#doneBefore(sent) });
    });
    this.#ended = true;
    return sent;
  }

  async abandon(): Promise<void> {
    this.#ended = true;
    const parts = this.#parts;
    this.#parts = undefined;
    // Whatever keeps it from going away is told by nobody here: sweep finds it, and says why it cannot.
    await parts?.abort().catch(() => undefined);
  }

  async #sendPart(): Promise<void> {
    const [part, filled] = [this.#buffer, this.#filled];
    this.#buffer = Buffer.alloc(0);
    this.#filled = 0;
    this.#parts ??= await beginParts(this.#place, this.#request.key);
    await this.#parts.send(part.subarray(0, filled), () => void this.#free.push(part));
    this.#buffer = this.#free.pop() ?? Buffer.alloc(0);
  }

  async #putWhole(sent: SentObject): Promise<void> {
    const { caller, bucket, nameOf, callOf, objectLock } = this.#place;
    const { key, ifAbsent } = this.#request;
    const Body = this.#buffer.subarray(0, this.#filled);
    const request = {
      Bucket: bucket,
      Key: nameOf(key),
      Body,
      ContentLength: Body.length,
      ChecksumSHA256: Buffer.from(sent.sha256, 'hex').toString('base64'),
      ...(ifAbsent ? { IfNoneMatch: '*' } : {}),
      ...lockOf(objectLock),
    };
    await caller.call(
      callOf('PutObject', key),
      (client, sdk, options) => client.send(new sdk.PutObjectCommand(request), options),
      { doneBefore: this.#doneBefore(sent) },
    );
  }

  /** An attempt whose answer was lost may have stored the object: then the next one finds it there, or its parts gone. */
  #doneBefore(sent: SentObject): (failure: S3Failure) => Promise<boolean> {
    return async ({ fault }) =>
      (fault === 'already_exists' || fault === 'not_found') && (await this.#request.whereabouts.keeps(sent));
  }

  /** The first part grows by doubling, so that a manifest of a few kilobytes does not take a whole one. */
  #makeRoom(room: number): void {
    const needed = this.#filled + room;
    if (needed <= this.#buffer.length) return;
    const doubled = Math.min(PART_BYTES, Math.max(needed, this.#buffer.length * 2, 64 * 1024));
    const grown = Buffer.allocUnsafe(this.#parts === undefined ? doubled : PART_BYTES);
    this.#buffer.copy(grown, 0, 0, this.#filled);
    this.#buffer = grown;
  }

  #requireOpen(): void {
    if (this.#ended) throw new TypeError(`the upload of ${this.#request.key} has ended`);
  }

  async #orAbandon(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      await this.abandon();
      throw error;
    }
  }
}
