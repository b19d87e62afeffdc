import { clientFrame, covered, maySend } from '../../../protocol/models/index.ts'
import type { ClientFrame } from '../../../protocol/models/index.ts'
import { InvalidError, LimitError, TilthError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { MessageStream } from '../../transport/types.ts'
import type { Parts } from '../deps.ts'
import type { Account, Answer, Accounts } from './accounts.ts'
import type { Signing } from './signing.ts'

type Countersign = Extract<ClientFrame, { kind: 'countersign' }>
type RequestFrame = Extract<ClientFrame, { kind: 'request' }>

/** The worker's end of a stream after its first frame: hears vouchers and cancels while the answer runs. */
export interface Dialogue {
  /**
   * Aborts when the client cancels, leaves, or breaks a rule; the reason says which (`answer.cancelled` for the first).
   */
  readonly signal: AbortSignal
  /** The client says elsewhere that it has left. */
  leave(): void
  /**
   * The answer is over: what comes now on the stream is the next request. Resolves with it, or with undefined when the
   * client has left or nothing came for so long.
   */
  next(idleMs: number): Promise<RequestFrame | undefined>
  /** From now on vouchers say how much of this answer has arrived. */
  answering(answer: Answer, sent: readonly number[]): void
  /** Whether what is owed is within the credit. */
  readonly fits: boolean
  /** Until it is. @throws LimitError `voucher.late`; the signal's reason */
  within(): Promise<void>
  /**
   * Until tokens of this price can be sent within the credit.
   * @returns how many, from 1 to `most`
   * @throws LimitError `voucher.late`; the signal's reason
   */
  room(price: bigint, most: number): Promise<number>
  /**
   * Sends every receipt of the channel that wants a countersignature, in order, and takes the countersignatures. The
   * frame of `own` is made by `frame`. @returns ids of receipts, by request
   */
  reconcile(own?: {
    request: Hex
    frame(pending: NonNullable<Account['record']['pending']>): unknown
  }): Promise<Map<Hex, Hex>>
}

const closed = (): TilthError => new TilthError('stream.closed', 'the client has left', { consequence: 'ignore' })
const cancelled = (): TilthError =>
  new TilthError('answer.cancelled', 'the client has cancelled', { consequence: 'ignore' })

export function openDialogue(
  { timing, clock }: Parts,
  { accounts, signing }: { accounts: Accounts; signing: Signing },
  account: Account,
  stream: MessageStream
): Dialogue {
  const control = new AbortController()
  let current: { answer: Answer; sent: readonly number[] } | undefined
  let wanted: { resolve: (frame: Countersign) => void; reject: (error: unknown) => void } | undefined

  let following: ((frame: RequestFrame | undefined) => void) | undefined

  async function hear(): Promise<void> {
    // The client's silence is bounded where it matters: for vouchers (room) and countersignatures (reconcile).
    for await (const frame of stream.receive(clientFrame, { timeoutMs: 3_600_000 })) {
      if (frame.kind === 'voucher') {
        // [reject] Nobody can have received more than was sent.
        if (current === undefined || frame.received > current.sent.length)
          throw new InvalidError('voucher.received', 'the client has received more than was sent')
        await accounts.pay(
          account,
          frame.voucher,
          frame.received > current.answer.record.answer.length && current.answer.record.state === 'running'
            ? { answer: current.answer, ids: current.sent.slice(0, frame.received) }
            : undefined
        )
      } else if (frame.kind === 'cancel') {
        control.abort(cancelled())
      } else if (frame.kind === 'request' && following !== undefined) {
        following(frame)
        return
      } else if (frame.kind === 'countersign' && wanted !== undefined) {
        const { resolve } = wanted
        wanted = undefined
        resolve(frame)
      } else {
        throw new InvalidError('frame.unexpected', `a ${frame.kind} was not expected now`)
      }
    }
    throw closed()
  }
  function end(error: unknown): void {
    control.abort(error)
    wanted?.reject(error)
    following?.(undefined)
  }
  hear().catch(end)

  const left = (): unknown => (control.signal.aborted ? control.signal.reason : undefined)
  /** After a cancel the client still countersigns; after anything else it is gone. */
  const gone = (): boolean =>
    control.signal.aborted && !(left() instanceof TilthError && (left() as TilthError).code === 'answer.cancelled')

  async function countersignature(): Promise<Countersign> {
    if (gone()) throw left()
    let timer: NodeJS.Timeout | undefined
    try {
      return await new Promise<Countersign>((resolve, reject) => {
        wanted = { resolve, reject }
        timer = setTimeout(() => {
          reject(new LimitError('receipt.late', 'the client has not countersigned in time', { consequence: 'retry' }))
        }, timing.voucherMs)
      })
    } finally {
      wanted = undefined
      clearTimeout(timer)
    }
  }

  /** What is owed and not paid. */
  const ahead = (): bigint => accounts.owed(account) - covered(account.record.channel)

  async function until(fits: () => boolean): Promise<void> {
    const deadline = clock.now() + timing.voucherMs
    for (;;) {
      control.signal.throwIfAborted()
      if (fits()) return
      const left = deadline - clock.now()
      // [ignore] A worker serves on credit only so far, and waits only so long.
      if (left <= 0)
        throw new LimitError('voucher.late', 'no voucher came in time', {
          consequence: 'retry',
          help: 'Pay as tokens come.'
        })
      await heard(account, control.signal, left)
    }
  }

  return {
    signal: control.signal,
    leave: () => {
      end(closed())
    },
    next: idleMs =>
      new Promise(resolve => {
        if (control.signal.aborted) return resolve(undefined)
        const timer = setTimeout(() => resolve(undefined), idleMs)
        timer.unref()
        following = frame => {
          clearTimeout(timer)
          resolve(frame)
        }
      }),
    answering(answer, sent) {
      current = { answer, sent }
    },
    get fits() {
      return ahead() <= accounts.credit(account)
    },
    within: () => until(() => ahead() <= accounts.credit(account)),
    async room(price, most) {
      await until(() =>
        maySend(accounts.owed(account), price, covered(account.record.channel), accounts.credit(account))
      )
      const left = accounts.credit(account) - ahead()
      return price === 0n || left >= price * BigInt(most) ? most : Number(left / price)
    },
    async reconcile(own) {
      const done = new Map<Hex, Hex>()
      const writing: Promise<void>[] = []
      try {
        await signing.exclusively(account, async () => {
          for (
            let pending = await signing.pending(account, own?.request);
            pending !== undefined;
            pending = await signing.pending(account, own?.request)
          ) {
            const { request } = pending.receipt.message
            await stream.send(own?.request === request ? own.frame(pending) : { kind: 'pending', ...pending })
            const frame = await countersignature()
            const { id, written } = signing.countersign(account, frame.signature, frame.voucher)
            written.catch(() => undefined) // awaited below
            writing.push(written)
            done.set(request, id)
          }
        })
      } finally {
        // The next receipt of the channel does not wait for the disk, but nobody is told of this one before.
        await Promise.all(writing)
      }
      return done
    }
  }
}

/** Until a voucher comes, the client goes, or the time is over. */
function heard(account: Account, signal: AbortSignal, ms: number): Promise<void> {
  return new Promise(resolve => {
    const over = (): void => {
      clearTimeout(timer)
      account.waiting.delete(over)
      signal.removeEventListener('abort', over)
      resolve()
    }
    const timer = setTimeout(over, ms)
    account.waiting.add(over)
    signal.addEventListener('abort', over, { once: true })
  })
}
