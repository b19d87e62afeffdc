import { FileError, damaged } from '../errors.ts'

/** Text packs to a tenth, rows that are much alike to a hundredth. */
const mostRatio = 200
/** So much may come out of anything. */
const freeBytes = 64 << 20
/** What is given to an unpacker at once: a thousandfold of it is still little. */
const stepBytes = 16 << 10
/** The largest window of zstd's own `--long`. A larger one is allocated before anything is unpacked. */
const mostWindow = 128 << 20

/** Counts what goes in and comes out. [reject] What unpacks to far more than text can is not unpacked to its end. */
function guard(): { took(bytes: number): void; gave(bytes: number): void } {
  let taken = 0
  let given = 0
  return {
    took(bytes) {
      taken += bytes
    },
    gave(bytes) {
      given += bytes
      if (given > freeBytes && given > taken * mostRatio)
        throw new FileError(
          'file.bomb',
          `it unpacks to more than ${mostRatio} times its size, which no file of rows does`,
          'Unpack it yourself, look at what is in it, and give that.'
        )
    }
  }
}

function* stepsOf(chunk: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < chunk.length; at += stepBytes) yield chunk.subarray(at, at + stepBytes)
}

/** Unpacks gzip. The platform's own unpacker checks its sums. */
export async function* gunzip(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const watch = guard()
  async function* steps(): AsyncGenerator<BufferSource> {
    for await (const chunk of chunks)
      for (const step of stepsOf(chunk)) {
        watch.took(step.length)
        yield step as Uint8Array<ArrayBuffer>
      }
  }
  const packed = steps()
  const input = new ReadableStream<BufferSource>({
    async pull(controller) {
      const { value, done } = await packed.next()
      if (done === true) controller.close()
      else controller.enqueue(value)
    },
    async cancel() {
      await packed.return(undefined)
    }
  })
  const reader = input.pipeThrough(new DecompressionStream('gzip')).getReader()
  try {
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return
      watch.gave(value.length)
      yield value
    }
  } catch (cause) {
    throw damaged('gzip file', cause)
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

/** The window that a frame of zstd asks for, in bytes; 0 where it says none. */
function windowOf(head: Uint8Array): number {
  const descriptor = head[4] ?? 0
  // A single segment has no window of its own: its content's size is one.
  if ((descriptor & 0x20) !== 0) {
    const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
    const at = 5 + ([0, 1, 2, 4][descriptor & 3] ?? 0)
    switch (descriptor >> 6) {
      case 0:
        return head[at] ?? 0
      case 1:
        return at + 2 <= head.length ? view.getUint16(at, true) + 256 : 0
      case 2:
        return at + 4 <= head.length ? view.getUint32(at, true) : 0
      default:
        return at + 8 <= head.length ? Number(view.getBigUint64(at, true)) : 0
    }
  }
  const window = head[5] ?? 0
  const base = 2 ** (10 + (window >> 3))
  return base + (base / 8) * (window & 7)
}

/** Unpacks zstd. @param head its first bytes */
export async function* unzstd(chunks: AsyncIterable<Uint8Array>, head: Uint8Array): AsyncGenerator<Uint8Array> {
  // [reject] A frame whose window is larger than zstd itself unpacks unasked. A single segment counts by its content.
  if (windowOf(head) > mostWindow)
    throw new FileError(
      'file.bomb',
      `it asks for ${Math.round(windowOf(head) / 2 ** 20)} MiB of memory to be unpacked`,
      'Unpack it yourself, or pack it without --long or as a stream.'
    )
  const { Decompress } = await import('fzstd')
  const watch = guard()
  let out: Uint8Array[] = []
  const unpacker = new Decompress(data => {
    watch.gave(data.length)
    // What is given is used again for what comes next.
    out.push(data.slice())
  })
  try {
    for await (const chunk of chunks)
      for (const step of stepsOf(chunk)) {
        watch.took(step.length)
        unpacker.push(new Uint8Array(step))
        yield* out
        out = []
      }
    unpacker.push(new Uint8Array(0), true)
    yield* out
  } catch (cause) {
    throw damaged('zstd file', cause)
  }
}
