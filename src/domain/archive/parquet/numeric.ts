/** Signs of numeric_send(): what follows "digits" and "weight". */
const POSITIVE = 0x0000;
const NEGATIVE = 0x4000;
/** Specials have no digits. The display scale of the infinities is what numeric_send() makes of their sign. */
const SPECIALS: Readonly<Record<string, readonly [sign: number, scale: number]>> = {
  NaN: [0xc000, 0],
  Infinity: [0xd000, 32],
  '-Infinity': [0xf000, 32],
};
const HEAD_BYTES = 8;

/** The text of a numeric, as PostgreSQL writes it, from numeric_send()'s form: digits to the base of 10000. */
export function numericText(bytes: Buffer, start: number): string {
  const digits = bytes.readUInt16BE(start);
  const weight = bytes.readInt16BE(start + 2);
  const sign = bytes.readUInt16BE(start + 4);
  const scale = bytes.readUInt16BE(start + 6);
  for (const [text, [special]] of Object.entries(SPECIALS)) if (sign === special) return text;
  const group = (index: number): string => {
    const value = index >= 0 && index < digits ? bytes.readUInt16BE(start + HEAD_BYTES + index * 2) : 0;
    return String(value).padStart(4, '0');
  };
  let whole = '';
  for (let index = 0; index <= weight; index += 1) whole += group(index);
  let fraction = '';
  for (let index = weight + 1; fraction.length < scale; index += 1) fraction += group(index);
  const text = whole.replace(/^0+/, '') || '0';
  return `${sign === NEGATIVE ? '-' : ''}${text}${scale === 0 ? '' : `.${fraction.slice(0, scale)}`}`;
}

const NUMERIC = /^(-?)([0-9]+)(?:\.([0-9]+))?$/;

/** The way back; undefined for a text that numericText() never writes. */
export function numericBytes(text: string): Buffer | undefined {
  const special = SPECIALS[text];
  if (special !== undefined) return numericOf({ groups: [], weight: 0, sign: special[0], scale: special[1] });
  const [, minus, whole = '', fraction = ''] = NUMERIC.exec(text) ?? [];
  if (minus === undefined) return undefined;
  const left = whole.padStart(Math.ceil(whole.length / 4) * 4, '0');
  const right = fraction.padEnd(Math.ceil(fraction.length / 4) * 4, '0');
  const groups = (left + right).match(/.{4}/g)?.map(Number) ?? [];
  let weight = left.length / 4 - 1;
  let first = 0;
  for (; groups[first] === 0; first += 1) weight -= 1;
  let last = groups.length;
  while (last > first && groups[last - 1] === 0) last -= 1;
  const kept = groups.slice(first, last);
  if (kept.length === 0) return numericOf({ groups: kept, weight: 0, sign: POSITIVE, scale: fraction.length });
  const sign = minus === '' ? POSITIVE : NEGATIVE;
  return numericOf({ groups: kept, weight, sign, scale: fraction.length });
}

interface Parts {
  readonly groups: readonly number[];
  readonly weight: number;
  readonly sign: number;
  readonly scale: number;
}

function numericOf({ groups, weight, sign, scale }: Parts): Buffer {
  const bytes = Buffer.alloc(HEAD_BYTES + groups.length * 2);
  bytes.writeUInt16BE(groups.length, 0);
  bytes.writeInt16BE(weight, 2);
  bytes.writeUInt16BE(sign, 4);
  bytes.writeUInt16BE(scale, 6);
  for (const [index, group] of groups.entries()) bytes.writeUInt16BE(group, HEAD_BYTES + index * 2);
  return bytes;
}
