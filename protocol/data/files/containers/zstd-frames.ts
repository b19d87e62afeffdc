import { joinBytes } from '../../../primitives/bytes.ts'
import { FileError } from '../errors.ts'

/** The largest window of zstd's own `--long`. A larger one is allocated before anything is unpacked. */
const mostWindow = 128 << 20

const isFrame = (head: Uint8Array): boolean => [0x28, 0xb5, 0x2f, 0xfd].every((byte, i) => head[i] === byte)
/** A frame that says something to other tools, and is skipped: what packs on many cores begins with one. */
const isSkipped = (head: Uint8Array): boolean =>
  ((head[0] ?? 0) & 0xf0) === 0x50 && [0x2a, 0x4d, 0x18].every((byte, i) => head[i + 1] === byte)
export const isZstd = (head: Uint8Array): boolean => isFrame(head) || isSkipped(head)

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** How long a frame's header is, by its first five bytes. */
function headerBytes(descriptor: number): number {
  const isSingle = (descriptor & 0x20) !== 0
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0
  const content = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0
  return 5 + (isSingle ? 0 : 1) + dictionary + content
}

/** The window that a whole header asks for, in bytes. */
function windowOf(header: Uint8Array): number {
  const descriptor = header[4] ?? 0
  // A single segment has no window of its own: its content's size is one.
  if ((descriptor & 0x20) !== 0) {
    const view = viewOf(header)
    const at = 5 + ([0, 1, 2, 4][descriptor & 3] ?? 0)
    switch (descriptor >> 6) {
      case 0:
        return header[at] ?? 0
      case 1:
        return view.getUint16(at, true) + 256
      case 2:
        return view.getUint32(at, true)
      default:
        return Number(view.getBigUint64(at, true))
    }
  }
  const window = header[5] ?? 0
  const base = 2 ** (10 + (window >> 3))
  return base + (base / 8) * (window & 7)
}

/**
 * Bytes of windows that are moved: whoever unpacks moves all of a window for each block, whatever has come out by then,
 * and a block may be four bytes. What zstd packs has blocks of 128 KiB, 64 to the largest window that it takes unasked;
 * of larger ones (`--ultra -22`, `--long`) so many are few enough as 70 MB have.
 */
const freeMoves = 2 ** 36
const movesByByte = 64

/** @throws FileError for a frame that is not unpacked here @returns bytes of its window */
function requireModest(header: Uint8Array): number {
  // [reject] What was packed with a dictionary is whole, and cannot be unpacked without it.
  if (((header[4] ?? 0) & 3) !== 0)
    throw new FileError(
      'file.format',
      'it was packed with a dictionary, which is not in it',
      'Unpack it with that dictionary, and give what is in it.'
    )
  // [reject] A frame whose window is larger than zstd itself unpacks unasked. A single segment counts by its content.
  const window = windowOf(header)
  if (window > mostWindow)
    throw new FileError(
      'file.bomb',
      `it asks for ${Math.round(window / 2 ** 20)} MiB of memory to be unpacked`,
      'Unpack it yourself, or pack it without --long or as a stream.'
    )
  return window
}

/**
 * Goes through the frames of zstd by what they say of their lengths, before they are unpacked: a file may have many,
 * some to be skipped, and each asks for memory of its own.
 */
export function frameGuard(): { took(bytes: Uint8Array): void; gave(bytes: number): void; ended(): void } {
  /** What has come of a header, of a frame's or a block's. */
  let held: Uint8Array = new Uint8Array(0)
  let skip = 0
  /** In a frame: how many bytes stand behind its last block, and its window. */
  let trailer: number | undefined
  let window = 0
  let moved = 0
  let given = 0
  /** Bytes of the header that begins at hand, as far as they tell. */
  const needed = (): number => {
    if (trailer !== undefined) return 3
    if (held.length < 5) return 5
    return isSkipped(held) ? 8 : headerBytes(held[4] ?? 0)
  }
  /** [reject] Frames and blocks of a few bytes each are no way to pack anything. */
  const move = (): void => {
    moved += window
    if (moved > freeMoves + movesByByte * given)
      throw new FileError(
        'file.bomb',
        'it is packed in pieces that are far smaller than the memory they ask for',
        'Unpack it yourself, and give what is in it.'
      )
  }
  /** A whole header. */
  const read = (): void => {
    if (trailer !== undefined) {
      const [first = 0, second = 0, third = 0] = held
      const size = (first >> 3) | (second << 5) | (third << 13)
      move()
      // One byte that is repeated stands there once.
      skip = ((first >> 1) & 3) === 1 ? 1 : size
      if ((first & 1) === 1) {
        skip += trailer
        trailer = undefined
      }
    } else if (isSkipped(held)) skip = viewOf(held).getUint32(4, true)
    else {
      if (!isFrame(held)) throw new Error('something stands between its frames')
      window = requireModest(held)
      move()
      trailer = ((held[4] ?? 0) & 4) === 0 ? 0 : 4
    }
    held = new Uint8Array(0)
  }
  return {
    gave(bytes) {
      given += bytes
    },
    took(bytes) {
      for (let at = 0; at < bytes.length;) {
        const skipped = Math.min(skip, bytes.length - at)
        skip -= skipped
        at += skipped
        const part = bytes.subarray(at, at + needed() - held.length)
        held = joinBytes([held, part])
        at += part.length
        if (held.length === needed()) read()
      }
    },
    // [reject] Half of a header says less than what the unpacker may take it for.
    ended() {
      if (held.length > 0 || trailer !== undefined || skip > 0) throw new Error('it ends in the middle of a frame')
    }
  }
}
