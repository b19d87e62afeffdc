import { InvalidError } from '../../protocol/primitives/index.ts'

// Archives as `tar` reads them (POSIX ustar, with a pax header where a name or a size does not fit).

/** One file of an archive; its bytes are as many as it says. */
export interface Member {
  readonly path: string
  readonly size: number
  readonly bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

const block = 512
const mostPlainName = 100
const mostPlainSize = 8 ** 11 - 1
/** Of a pax header, which holds a name and a size here. */
const mostPaxBytes = 4_096

function header(name: string, size: number, type: '0' | 'x', seconds: number): Buffer {
  const bytes = Buffer.alloc(block)
  const octal = (value: number, at: number, digits: number): void => {
    bytes.write(`${value.toString(8).padStart(digits, '0')}\0`, at, 'latin1')
  }
  bytes.write(name, 0, mostPlainName, 'utf8')
  octal(0o600, 100, 7)
  octal(0, 108, 7)
  octal(0, 116, 7)
  octal(size, 124, 11)
  octal(seconds, 136, 11)
  bytes.write('        ', 148, 'latin1')
  bytes.write(type, 156, 'latin1')
  bytes.write('ustar\x0000', 257, 'latin1')
  const sum = bytes.reduce((total, byte) => total + byte, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return bytes
}

const padding = (size: number): Buffer => Buffer.alloc((block - (size % block)) % block)

/** A line of a pax header begins with its own length. */
function paxLine(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`
  const bytes = Buffer.byteLength(rest)
  let length = bytes
  while (String(length).length + bytes !== length) length = String(length).length + bytes
  return `${length}${rest}`
}

const paxText = (path: string, size: number): string => paxLine('path', path) + paxLine('size', String(size))

function headers({ path, size }: Member, seconds: number): Buffer {
  const isPlain = /^[\x20-\x7e]+$/.test(path) && path.length < mostPlainName && size <= mostPlainSize
  if (isPlain) return header(path, size, '0', seconds)
  const pax = Buffer.from(paxText(path, size))
  const short = path.replaceAll(/[^\x20-\x7e]/g, '_').slice(0, mostPlainName - 1)
  return Buffer.concat([
    header('pax', pax.length, 'x', seconds),
    pax,
    padding(pax.length),
    header(short, Math.min(size, mostPlainSize), '0', seconds)
  ])
}

/** @param seconds since 1970, of every file */
export async function* writeTar(members: AsyncIterable<Member>, seconds: number): AsyncGenerator<Uint8Array> {
  for await (const member of members) {
    yield headers(member, seconds)
    let written = 0
    for await (const piece of member.bytes) {
      written += piece.length
      yield piece
    }
    if (written !== member.size) throw new TypeError(`${member.path} has ${written} bytes, not ${member.size}`)
    yield padding(member.size)
  }
  yield Buffer.alloc(2 * block)
}

/** What was read is not what was written. */
export const damaged = (why: string): InvalidError =>
  new InvalidError('backup.damaged', `this is no whole copy of a data folder: ${why}`, {
    help: 'Take another copy; nothing was changed.'
  })

/** Reads so many bytes at a time from pieces of any size. */
class Pieces {
  readonly #source: AsyncIterator<Uint8Array>
  #left: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** What comes next, of at most so many bytes; undefined at the end. */
  async some(most: number): Promise<Buffer | undefined> {
    while (this.#left.length === 0) {
      const next = await this.#source.next()
      if (next.done === true) return undefined
      this.#left = Buffer.from(next.value)
    }
    const piece = this.#left.subarray(0, most)
    this.#left = this.#left.subarray(piece.length)
    return piece
  }

  async exactly(count: number): Promise<Buffer> {
    const pieces: Buffer[] = []
    for (let left = count; left > 0;) {
      const piece = await this.some(left)
      if (piece === undefined) throw damaged('it ends too soon')
      left -= piece.length
      pieces.push(piece)
    }
    return Buffer.concat(pieces)
  }
}

const textOf = (bytes: Buffer, from: number, length: number): string =>
  bytes.toString('utf8', from, from + length).replace(/\0.*$/s, '')

/** [reject] A header is what its sum says. */
function readHeader(bytes: Buffer): { name: string; size: number; type: string } {
  const sum = bytes.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0)
  const size = Number.parseInt(textOf(bytes, 124, 12).trim(), 8)
  if (Number.parseInt(textOf(bytes, 148, 8).trim(), 8) !== sum || !Number.isSafeInteger(size) || size < 0)
    throw damaged('a header in it is damaged')
  const prefix = textOf(bytes, 345, 155)
  const name = textOf(bytes, 0, 100)
  return { name: prefix === '' ? name : `${prefix}/${name}`, size, type: textOf(bytes, 156, 1) }
}

/** What a pax header of ours says: anything else in one is damage. */
function readPax(bytes: Buffer): { path: string; size: number } {
  const text = bytes.toString('utf8')
  const [, path = '', size = ''] = /^[0-9]+ path=([^\n]+)\n[0-9]+ size=([0-9]{1,15})\n$/.exec(text) ?? []
  if (text !== paxText(path, Number(size))) throw damaged('a header in it is damaged')
  return { path, size: Number(size) }
}

/**
 * An archive's files in their order; of each the bytes have to be read before the next.
 * @throws InvalidError `backup.damaged`
 */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<Member> {
  const pieces = new Pieces(source)
  let said: { path: string; size: number } | undefined
  for (;;) {
    const bytes = await pieces.exactly(block)
    if (bytes.every(byte => byte === 0)) return
    const { name, size: plain, type } = readHeader(bytes)
    if (type === 'x') {
      if (plain > mostPaxBytes) throw damaged('a header in it is too long')
      said = readPax(await pieces.exactly(plain))
      await pieces.exactly(padding(plain).length)
      continue
    }
    if (type !== '0' && type !== '') throw damaged('it holds something that is no file')
    const { path, size } = said ?? { path: name, size: plain }
    let left = size
    async function* content(): AsyncGenerator<Uint8Array> {
      while (left > 0) {
        const piece = await pieces.some(left)
        if (piece === undefined) throw damaged('it ends too soon')
        left -= piece.length
        yield piece
      }
    }
    yield { path, size, bytes: content() }
    // What was not read is passed over.
    for await (const _ of content()) {
      /* to the next header */
    }
    await pieces.exactly(padding(size).length)
    said = undefined
  }
}
