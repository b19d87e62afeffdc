import type { Readable } from 'node:stream'

// Frames of a WebSocket (RFC 6455), as far as a door needs them: where each begins and ends, and what it says.

/** A message's opcodes; a control frame may stand between the parts of a message. */
const opcodes = { more: 0, text: 1, binary: 2, close: 8 } as const
/** More in one frame is nobody's call. */
const mostBytes = 64 << 20

export interface Frame {
  readonly isLast: boolean
  readonly isControl: boolean
  readonly isText: boolean
  readonly payload: Buffer
  /** As it came. */
  readonly bytes: Buffer
}

interface Head {
  readonly size: number
  readonly length: number
  readonly mask: Buffer | undefined
}

/** Undefined while more bytes are needed. */
function headOf(bytes: Buffer): Head | undefined {
  if (bytes.length < 2) return undefined
  const [, second = 0] = bytes
  const short = second & 0x7f
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0
  const isMasked = (second & 0x80) !== 0
  const size = 2 + lengthBytes + (isMasked ? 4 : 0)
  if (bytes.length < size) return undefined
  const length =
    lengthBytes === 0 ? short : lengthBytes === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2))
  if (length > mostBytes) throw new RangeError(`a frame of ${length} bytes`)
  return { size, length, mask: isMasked ? bytes.subarray(size - 4, size) : undefined }
}

/** @throws RangeError where a frame is longer than any call */
export async function* framesOf(from: Readable, first: Buffer): AsyncGenerator<Frame> {
  let parts: Buffer[] = [first]
  let held = first.length
  let wanted = 2
  async function* chunks(): AsyncGenerator<Buffer> {
    yield Buffer.alloc(0)
    yield* from as AsyncIterable<Buffer>
  }
  for await (const chunk of chunks()) {
    parts.push(chunk)
    held += chunk.length
    if (held < wanted) continue
    let bytes = Buffer.concat(parts)
    for (;;) {
      const head = headOf(bytes)
      wanted = head === undefined ? bytes.length + 1 : head.size + head.length
      if (head === undefined || bytes.length < wanted) break
      const [opcode = 0] = bytes
      const payload = Buffer.from(bytes.subarray(head.size, wanted))
      const { mask } = head
      if (mask !== undefined) for (const [i, byte] of payload.entries()) payload[i] = byte ^ (mask[i % 4] ?? 0)
      yield {
        isLast: (opcode & 0x80) !== 0,
        isControl: (opcode & 0x0f) >= opcodes.close,
        isText: (opcode & 0x0f) === opcodes.text,
        payload,
        bytes: bytes.subarray(0, wanted)
      }
      bytes = bytes.subarray(wanted)
    }
    parts = [bytes]
    held = bytes.length
  }
}

/** A whole message in one frame, as a server sends it. */
export function textFrame(text: Buffer): Buffer {
  const head = Buffer.alloc(text.length < 126 ? 2 : text.length < 65_536 ? 4 : 10)
  head[0] = 0x80 | opcodes.text
  if (text.length < 126) head[1] = text.length
  else if (text.length < 65_536) {
    head[1] = 126
    head.writeUInt16BE(text.length, 2)
  } else {
    head[1] = 127
    head.writeBigUInt64BE(BigInt(text.length), 2)
  }
  return Buffer.concat([head, text])
}
