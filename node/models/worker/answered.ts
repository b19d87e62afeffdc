import type { Message } from '../../../protocol/crypto/index.ts'
import { requestSeconds } from '../../../protocol/models/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { sequenceKey } from '../../store/index.ts'
import type { Batch } from '../../store/index.ts'
import type { Parts } from '../deps.ts'
import type { Tables } from '../records.ts'

type Asked = Pick<Message<'InferenceRequest'>, 'issuedAt'>

/** Requests that were taken: none is answered twice, and whoever asks anew waits for no disk to say so. */
export interface Answered {
  /** Reads what was taken lately, in the process before this one; until then the disk is asked. */
  load(): Promise<void>
  has(statement: Asked, request: Hex): Promise<boolean>
  /** Taken from now on; the batch has the disk know it. */
  add(batch: Batch, statement: Asked, request: Hex): void
  /** Its batch was not written. */
  drop(request: Hex): void
  /** Those that are too old to come again. */
  forget(): Promise<void>
}

/** Requests in memory, 150 bytes each. */
const mostKept = 8_192
/** Requests that are forgotten in one go. */
const forgottenAtOnce = 10_000
const never = 1n << 64n

/** By time of issue, so that what is old is a range. */
const keyForm = /^([0-9]{16,20})-(0x[0-9a-f]{64})$/
const keyOf = ({ issuedAt }: Asked, request: Hex): string => `${sequenceKey(issuedAt)}-${request}`

export function createAnswered(
  { store, now }: Pick<Parts, 'store' | 'now'>,
  { served }: Pick<Tables, 'served'>,
  most = mostKept
): Answered {
  /** By request: when it was issued, in the order in which they were taken. */
  const lately = new Map<Hex, bigint>()
  /** All of those issued from then on are in memory. */
  let since = never

  function keep(request: Hex, issuedAt: bigint): void {
    lately.set(request, issuedAt)
    for (const [oldest, at] of lately) {
      if (lately.size <= most) return
      lately.delete(oldest)
      if (at >= since) since = at + 1n
    }
  }

  return {
    async load() {
      const oldest = now() - requestSeconds
      let from = oldest > 0n ? oldest : 0n
      const found: [Hex, bigint][] = []
      let read = 0
      for await (const key of served.keys({ from: sequenceKey(from), reverse: true, limit: most })) {
        read++
        const [, issuedAt, request] = keyForm.exec(key) ?? []
        if (issuedAt !== undefined) found.push([request as Hex, BigInt(issuedAt)])
      }
      // Of the second at which it stopped there may be more; of what is no key nobody knows the second.
      if (read === most) from = found.length === most ? (found.at(-1)?.[1] ?? from) + 1n : never
      since = from
      for (const [request, issuedAt] of found.reverse()) keep(request, issuedAt)
    },
    has(statement, request) {
      if (lately.has(request)) return Promise.resolve(true)
      return statement.issuedAt >= since ? Promise.resolve(false) : served.has(keyOf(statement, request))
    },
    add(batch, statement, request) {
      keep(request, statement.issuedAt)
      batch.put(served, keyOf(statement, request), true)
    },
    drop: request => void lately.delete(request),
    async forget() {
      const oldest = now() - 2n * requestSeconds
      if (oldest <= 0n) return
      const old: string[] = []
      for await (const key of served.keys({ to: sequenceKey(oldest), limit: forgottenAtOnce })) old.push(key)
      await store.batch(batch => {
        for (const key of old) batch.delete(served, key)
      })
    }
  }
}
