import type { ObjectStore, SentObject } from '../../../store/store.ts';

/** Stores bytes that are in memory already. */
export async function sendBytes(
  store: Pick<ObjectStore, 'upload'>,
  key: string,
  bytes: Uint8Array,
  options: { readonly ifAbsent?: boolean } = {},
): Promise<SentObject> {
  const upload = await store.upload(key, options);
  try {
    await upload.write(bytes);
    return await upload.finish();
  } catch (error) {
    await upload.abandon();
    throw error;
  }
}
