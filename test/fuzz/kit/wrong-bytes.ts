import fc from 'fast-check'

// Bytes with something wrong in them, by three numbers as values have it (wrong-json.ts).

interface Fault {
  readonly what: number
  readonly at: number
  readonly by: number
}

const edges = [0, 1, 0x7f, 0x80, 0xff]
/** Numbers as files and frames write lengths. */
const counts = [0n, 1n, 0x7fn, 0xffffn, 0x7fffffffn, 0xffffffffn, 0x100000000n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]
/** Pieces of the languages that are read. */
const pieces = [
  '{',
  '}',
  '[',
  ']',
  '"',
  '\\',
  ',',
  ':',
  'null',
  '1e999',
  '-0',
  'NaN',
  '\\u0000',
  '\\ud800',
  '"__proto__":1,',
  '\n',
  '\r',
  '\ufeff',
  '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[',
  ' '.repeat(2000),
  '9'.repeat(2000)
].map(text => new TextEncoder().encode(text))

const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))
const part = (bytes: Uint8Array, at: number, by: number): [number, number] => {
  const from = at % (bytes.length + 1)
  return [from, Math.min(bytes.length, from + 1 + (by % 64))]
}

function withCount(bytes: Uint8Array, at: number, by: number): Uint8Array {
  const copy = bytes.slice()
  const width = [1, 2, 4, 8][by % 4] ?? 1
  if (copy.length < width) return copy
  const view = new DataView(copy.buffer)
  const offset = at % (copy.length - width + 1)
  const value = counts[(by >> 2) % counts.length] ?? 0n
  const little = ((by >> 6) & 1) === 0
  if (width === 8) view.setBigUint64(offset, value, little)
  else if (width === 4) view.setUint32(offset, Number(value & 0xffffffffn), little)
  else if (width === 2) view.setUint16(offset, Number(value & 0xffffn), little)
  else view.setUint8(offset, Number(value & 0xffn))
  return copy
}

const changes: readonly ((bytes: Uint8Array, at: number, by: number) => Uint8Array)[] = [
  (bytes, at, by) =>
    bytes.with(at % Math.max(1, bytes.length), (bytes[at % Math.max(1, bytes.length)] ?? 0) ^ (1 << (by % 8))),
  (bytes, at, by) => bytes.with(at % Math.max(1, bytes.length), edges[by % edges.length] ?? 0),
  (bytes, at) => bytes.subarray(0, at % Math.max(1, bytes.length)),
  (bytes, at) => bytes.subarray(at % Math.max(1, bytes.length)),
  (bytes, at, by) => {
    const [from, to] = part(bytes, at, by)
    return joined(bytes.subarray(0, from), bytes.subarray(to))
  },
  (bytes, at, by) => {
    const [from, to] = part(bytes, at, by)
    return joined(bytes.subarray(0, to), bytes.subarray(from))
  },
  (bytes, at, by) => {
    const [from] = part(bytes, at, by)
    return joined(bytes.subarray(0, from), pieces[by % pieces.length] ?? new Uint8Array(), bytes.subarray(from))
  },
  withCount,
  (bytes, at, by) => {
    const [from, to] = part(bytes, at, by)
    return joined(bytes.subarray(0, from), new Uint8Array(to - from), bytes.subarray(to))
  },
  bytes => joined(bytes, bytes)
]

const fault: fc.Arbitrary<Fault> = fc.record({ what: fc.nat(), at: fc.nat(), by: fc.nat() })

const spoilt = (bytes: Uint8Array, { what, at, by }: Fault): Uint8Array =>
  bytes.length === 0 ? Uint8Array.of(by & 0xff) : (changes[what % changes.length]?.(bytes, at, by) ?? bytes)

/** Good bytes with something wrong in them. */
export const wrongBytes = (good: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(good, fc.array(fault, { minLength: 1, maxLength: 3 }))
    .map(([bytes, wrong]) => wrong.reduce<Uint8Array>(spoilt, bytes))
