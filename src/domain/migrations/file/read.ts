import { excerpt, lineColumnOf } from './position.ts';
import type { FileProblem } from './problem.ts';
import { problemAt } from './problem.ts';

/** The text of a migration file (no byte order mark, LF), or why its bytes are no text. */
export type Decoded = { readonly text: string } | { readonly problem: FileProblem };

/** Bytes to text. Only UTF-8 is accepted; `file` is the name that messages show. */
export function decodeText(file: string, bytes: Uint8Array): Decoded {
  const utf16 = utf16Of(bytes);
  if (utf16 !== undefined) {
    const hint = `save it as UTF-8: iconv -f ${utf16} -t UTF-8 ${quoted(file)} > ${quoted(`${file}.utf8`)}`;
    return { problem: { file, message: `the file is ${utf16}, not UTF-8`, hint } };
  }
  const text = decode(bytes, 'utf-8');
  if (text === undefined) return { problem: notUtf8(file, bytes) };
  const normalised = text.replace(/^\u{feff}/u, '').replaceAll('\r\n', '\n');
  const nul = normalised.indexOf('\0');
  if (nul === -1) return { text: normalised };
  const words = {
    message: 'a NUL byte, which no PostgreSQL text can hold',
    hint: 'remove it, or see whether the file is damaged',
  };
  return { problem: problemAt({ file, text: normalised }, nul, words) };
}

function decode(bytes: Uint8Array, encoding: 'utf-8' | 'euc-kr'): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** By its byte order mark, or by the zero byte that SQL has in every second place when it has none. */
function utf16Of(bytes: Uint8Array): 'UTF-32LE' | 'UTF-16LE' | 'UTF-16BE' | undefined {
  const [first, second, third, fourth] = bytes;
  if (first === 0xff && second === 0xfe) return third === 0 && fourth === 0 ? 'UTF-32LE' : 'UTF-16LE';
  if (first === 0xfe && second === 0xff) return 'UTF-16BE';
  const sample = bytes.subarray(0, 1024);
  const zeros = [0, 0];
  sample.forEach((byte, index) => {
    if (byte === 0) zeros[index % 2] = (zeros[index % 2] ?? 0) + 1;
  });
  const half = sample.length / 2;
  if ((zeros[1] ?? 0) > 0.4 * half && zeros[0] === 0) return 'UTF-16LE';
  return (zeros[0] ?? 0) > 0.4 * half && zeros[1] === 0 ? 'UTF-16BE' : undefined;
}

/** Korean editors on Windows still save CP949, of which EUC-KR is the part that the Encoding Standard decodes whole. */
function notUtf8(file: string, bytes: Uint8Array): FileProblem {
  const offset = firstInvalidByte(bytes);
  const korean = decode(bytes, 'euc-kr');
  if (korean !== undefined && /\p{Script=Hangul}/u.test(korean)) {
    const text = korean.replaceAll('\r\n', '\n');
    const at = (decode(bytes.subarray(0, offset), 'utf-8') ?? '').replaceAll('\r\n', '\n').length;
    return {
      file,
      message: 'the file is not UTF-8 but CP949 (EUC-KR)',
      hint: `save it as UTF-8: iconv -f CP949 -t UTF-8 ${quoted(file)} > ${quoted(`${file}.utf8`)}`,
      place: lineColumnOf(text, at),
      excerpt: excerpt(file, text, at),
    };
  }
  const words = {
    message: `the file is not UTF-8: byte 0x${(bytes[offset] ?? 0).toString(16).padStart(2, '0')}`,
    hint: 'save it as UTF-8',
  };
  const text = new TextDecoder().decode(bytes).replaceAll('\r\n', '\n');
  return problemAt({ file, text }, text.indexOf('\u{fffd}'), words);
}

/** Everything before is valid: the decoder's replacement character stands where the first wrong sequence starts. */
function firstInvalidByte(bytes: Uint8Array): number {
  let low = 0;
  let high = bytes.length;
  // A prefix that ends inside a character is still fine for a streaming decoder, so validity of prefixes is monotone.
  while (low < high) {
    const middle = Math.floor((low + high) / 2) + 1;
    if (validPrefix(bytes.subarray(0, middle))) low = middle;
    else high = middle - 1;
  }
  return startOfCharacter(bytes, low);
}

function validPrefix(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

function startOfCharacter(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at > 0 && at > from - 3 && decode(bytes.subarray(0, at), 'utf-8') === undefined) at -= 1;
  return at;
}

function quoted(name: string): string {
  return /^[\w.-]+$/.test(name) ? name : `'${name.replaceAll("'", String.raw`'\''`)}'`;
}
