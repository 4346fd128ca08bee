import { createHash } from 'node:crypto';
import type { OpenUpload, Part } from './bucket.ts';
import { etagOf, keep, lockFrom, newUploadId, sortedKeys } from './bucket.ts';
import type { Members, OperationName } from './model.ts';
import type { Call } from './call.ts';
import { keyOf, requireAbsent, requireChecksums } from './call.ts';
import { Refusal } from './refusal.ts';

type MultipartName = Extract<OperationName, `${string}Multipart${string}` | 'UploadPart'>;

/** S3 User Guide, "Amazon S3 multipart upload limits". */
const LEAST_PART_BYTES = 5 * 1024 * 1024;
const MOST_PARTS = 10_000;

export const MULTIPART: Readonly<Record<MultipartName, (call: Call) => Members>> = {
  CreateMultipartUpload: ({ bucket, request, now }) => {
    const id = newUploadId();
    const checksumAlgorithm = request['ChecksumAlgorithm'] as string | undefined;
    const lock = lockFrom(bucket, request, now);
    bucket.uploads.set(id, {
      id,
      key: keyOf(request),
      initiated: new Date(now),
      checksumAlgorithm,
      lock,
      parts: new Map(),
    });
    return {
      Bucket: bucket.name,
      Key: keyOf(request),
      UploadId: id,
      ...(checksumAlgorithm === undefined ? {} : { ChecksumAlgorithm: checksumAlgorithm }),
    };
  },
  UploadPart: (call) => {
    const upload = find(call);
    const number = Number(call.request['PartNumber']);
    if (!Number.isInteger(number) || number < 1 || number > MOST_PARTS) {
      throw new Refusal('InvalidArgument', `Part number must be an integer between 1 and ${MOST_PARTS}, inclusive`);
    }
    const checksum = requireChecksums(call.request, call.body);
    if (upload.checksumAlgorithm === 'SHA256' && checksum === undefined) {
      throw new Refusal(
        'InvalidRequest',
        'Checksum Type mismatch occurred, expected checksum Type: sha256, actual checksum Type: null',
      );
    }
    const part: Part = { bytes: call.body, etag: etagOf(call.body), checksum };
    upload.parts.set(number, part);
    return { ETag: part.etag, ...(checksum === undefined ? {} : { ChecksumSHA256: checksum }) };
  },
  CompleteMultipartUpload: (call) => {
    const { bucket, body } = call;
    const upload = find(call);
    const parts = requireParts(upload, listedParts(body.toString('utf8')));
    requireAbsent(call);
    bucket.uploads.delete(upload.id);
    const digests = (algorithm: 'md5' | 'sha256') =>
      createHash(algorithm).update(
        Buffer.concat(parts.map(({ bytes }) => createHash(algorithm).update(bytes).digest())),
      );
    const etag = `"${digests('md5').digest('hex')}-${parts.length}"`;
    const checksum =
      upload.checksumAlgorithm === 'SHA256' ? `${digests('sha256').digest('base64')}-${parts.length}` : undefined;
    keep(bucket, upload.key, {
      bytes: Buffer.concat(parts.map(({ bytes }) => bytes)),
      etag,
      checksum,
      lock: upload.lock,
    });
    return {
      Bucket: bucket.name,
      Key: upload.key,
      ETag: etag,
      ...(checksum === undefined ? {} : { ChecksumSHA256: checksum, ChecksumType: 'COMPOSITE' }),
    };
  },
  AbortMultipartUpload: (call) => {
    call.bucket.uploads.delete(find(call).id);
    return {};
  },
  ListMultipartUploads: ({ bucket, request, pageSize }) => {
    const {
      Prefix = '',
      KeyMarker,
      UploadIdMarker,
      MaxUploads = 1000,
    } = request as Record<string, string | undefined> & { MaxUploads?: number };
    const open = sortedKeys(new Set([...bucket.uploads.values()].map(({ key }) => key)))
      .filter((key) => key.startsWith(Prefix))
      .flatMap((key) => [...bucket.uploads.values()].filter((upload) => upload.key === key));
    const start =
      KeyMarker === undefined ? 0 : open.findIndex(({ key, id }) => key === KeyMarker && id === UploadIdMarker) + 1;
    const page = open.slice(start, start + Math.min(MaxUploads, pageSize));
    const truncated = start + page.length < open.length;
    const last = page.at(-1);
    return {
      Bucket: bucket.name,
      Prefix,
      MaxUploads,
      IsTruncated: truncated,
      ...(truncated && last !== undefined ? { NextKeyMarker: last.key, NextUploadIdMarker: last.id } : {}),
      Uploads: page.map(({ key, id, initiated }) => ({ Key: key, UploadId: id, Initiated: initiated })),
    };
  },
};

interface ListedPart {
  readonly number: number;
  readonly etag: string;
  readonly checksum: string | undefined;
}

function find({ bucket, request }: Call): OpenUpload {
  const upload = bucket.uploads.get(String(request['UploadId']));
  if (upload !== undefined && upload.key === keyOf(request)) return upload;
  throw new Refusal(
    'NoSuchUpload',
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
  );
}

function listedParts(xml: string): ListedPart[] {
  const root =
    /^(?:<\?xml[^>]*\?>\s*)?<CompleteMultipartUpload xmlns="http:\/\/s3\.amazonaws\.com\/doc\/2006-03-01\/">(.*)<\/CompleteMultipartUpload>\s*$/su.exec(
      xml,
    )?.[1];
  if (root === undefined)
    throw new Refusal(
      'MalformedXML',
      'The XML you provided was not well-formed or did not validate against our published schema',
    );
  return [...root.matchAll(/<Part>(.*?)<\/Part>/gsu)].map(([, part = '']) => {
    const text = (name: string) =>
      new RegExp(`<${name}>([^<]*)</${name}>`, 'u').exec(part)?.[1]?.replaceAll('&quot;', '"');
    return { number: Number(text('PartNumber')), etag: text('ETag') ?? '', checksum: text('ChecksumSHA256') };
  });
}

function requireParts(upload: OpenUpload, listed: readonly ListedPart[]): Part[] {
  if (listed.length === 0) throw new Refusal('MalformedXML', 'You must specify at least one part');
  if (listed.some(({ number }, index) => index > 0 && number <= (listed[index - 1]?.number ?? 0))) {
    throw new Refusal(
      'InvalidPartOrder',
      'The list of parts was not in ascending order. Parts must be ordered by part number.',
    );
  }
  return listed.map(({ number, etag, checksum }, index) => {
    const part = upload.parts.get(number);
    if (part === undefined || part.etag !== etag) {
      throw new Refusal(
        'InvalidPart',
        "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
      );
    }
    if (upload.checksumAlgorithm === 'SHA256' && checksum === undefined) {
      throw new Refusal(
        'InvalidRequest',
        `The upload was created using a sha256 checksum. The complete request must include the checksum for each part. It was missing for part ${number} in the request.`,
      );
    }
    if (checksum !== part.checksum) throw new Refusal('InvalidPart', 'The checksum of a part does not match.');
    if (part.bytes.length < LEAST_PART_BYTES && index < listed.length - 1) {
      throw new Refusal('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', {
        elements: { PartNumber: String(number) },
      });
    }
    return part;
  });
}
