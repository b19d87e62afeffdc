import { streamPair } from '@libp2p/utils'
import fc from 'fast-check'
import { encode } from 'it-length-prefixed'
import type { z } from 'zod'
import { frameTags, streamLimits } from '../../../protocol/wire/index.ts'
import type { Protocol } from '../../../protocol/wire/index.ts'
import { manualClock } from '../../../node/runtime/index.ts'
import { createReputation } from '../../../node/transport/limits/reputation.ts'
import { createMessageStream } from '../../../node/transport/streams/message-stream.ts'
import { target } from '../kit/target.ts'
import type { Target } from '../kit/target.ts'
import { validOf } from '../kit/valid.ts'
import { wrongBytes } from '../kit/wrong-bytes.ts'
import { bytesOf, frames, wrongFrames } from './wire.ts'

// What a peer sends on a stream: frames, good and wrong, whose lengths, tags and ends may be wrong as well, in pieces
// of any size.

interface Sent {
  readonly pieces: readonly Uint8Array[]
  /** How the peer leaves. */
  readonly end: 'close' | 'abort'
}

const framed = (tag: number, body: Uint8Array): Uint8Array =>
  encode.single(new Uint8Array(Buffer.concat([Uint8Array.of(tag), body]))).subarray()
const tag = fc.oneof(
  { arbitrary: fc.constant(frameTags.message), weight: 8 },
  { arbitrary: fc.constant(frameTags.error), weight: 1 },
  { arbitrary: fc.nat(255), weight: 1 }
)

/** Cut at places that the peer's network chooses. */
const cut = (bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] => {
  const pieces: Uint8Array[] = []
  let from = 0
  for (const size of [...sizes, bytes.length]) {
    if (from >= bytes.length) break
    pieces.push(bytes.subarray(from, from + size))
    from += size
  }
  return pieces
}

const sending = (schema: z.ZodType): fc.Arbitrary<Sent> => {
  const good = validOf(schema)
  const body = fc.oneof({ arbitrary: good.map(bytesOf), weight: 2 }, { arbitrary: wrongFrames(good), weight: 1 })
  const whole = fc
    .array(fc.tuple(tag, body), { minLength: 1, maxLength: 4 })
    .map(all => new Uint8Array(Buffer.concat(all.map(([by, bytes]) => framed(by, bytes)))))
  const bytes = fc.oneof({ arbitrary: whole, weight: 2 }, { arbitrary: wrongBytes(whole), weight: 1 })
  const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 6 })
  return fc
    .tuple(bytes, sizes, fc.constantFrom('close' as const, 'abort' as const))
    .map(([all, at, end]) => ({ pieces: cut(all, at), end }))
}

const asker = { peerId: '16Uiu2HAm', address: `0x${'01'.repeat(20)}` } as const

/** All that comes of it until the stream is over. @throws what its reader is told */
async function received(protocol: Protocol, schema: z.ZodType, { pieces, end }: Sent): Promise<unknown[]> {
  const [theirs, ours] = await streamPair({ delay: 0, protocol })
  const clock = manualClock()
  const stream = createMessageStream({
    stream: ours,
    protocol,
    limits: streamLimits[protocol],
    peer: asker,
    reputation: createReputation(clock, () => undefined),
    clock,
    onOver: () => undefined
  })
  const all: unknown[] = []
  try {
    const leaving = (async () => {
      for (const piece of pieces) if (theirs.writeStatus === 'writable') theirs.send(piece)
      if (end === 'abort') theirs.abort(new Error('gone'))
      else if (theirs.status === 'open') await theirs.close({ signal: AbortSignal.timeout(1000) })
    })().catch(() => undefined) // our side has closed it
    for await (const value of stream.receive(schema, { timeoutMs: 2000 })) all.push(value)
    await leaving
    return all
  } finally {
    for (const side of [theirs, ours]) if (side.status === 'open') side.abort(new Error('over'))
  }
}

export const streamTargets: readonly Target[] = Object.entries(frames).flatMap(([protocol, sides]) =>
  Object.entries(sides as Record<string, z.ZodType>).map(([side, schema]) =>
    target({
      name: `a stream of ${protocol}, ${side}`,
      cases: sending(schema).map(input => ({ isGood: false, input })),
      read: (sent: Sent) => received(protocol as Protocol, schema, sent),
      weight: 20
    })
  )
)
