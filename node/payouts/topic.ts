import { signStatement, requireSigner } from '../../protocol/crypto/index.ts'
import type { Signed } from '../../protocol/crypto/index.ts'
import { InvalidError } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { payoutMessage } from '../../protocol/payouts/index.ts'
import type { PayoutMessage, ScoringDocument } from '../../protocol/payouts/index.ts'
import type { CosignedReceipt } from '../../protocol/models/index.ts'
import { createCache } from '../runtime/index.ts'
import type { Intake, ReceiptStore, Taken } from './receipts/index.ts'
import { closingCalls, closingFreshSeconds, closingsRemembered } from './limits.ts'
import type { Scorings } from './scorer/index.ts'
import type { PayoutsDeps, PayoutsTiming } from './types.ts'

const topic = 'tilth/payouts/1'

/** The phase's gossip: receipts to be scored, scorers' words, and settlers' notice that an epoch closes. */
export interface Topic {
  start(): void
  stop(): Promise<void>
  announceReceipt(receipt: CosignedReceipt): Promise<void>
  /** The other party says it to everybody, this one among them. */
  knowsReceipt(receipt: CosignedReceipt): void
  announceScoring(scoring: ScoringDocument): Promise<void>
  announceClosing(pool: Hex, epoch: number): Promise<void>
}

/** [ignore] What is known here already is not passed on a second time, in whatever signatures it comes. */
const known = (code: 'receipt.known' | 'scoring.known'): InvalidError =>
  new InvalidError(code, 'it is known here already', { consequence: 'ignore' })

/** @param heard called for each receipt and scoring that gossip brought and that was new */
export function createTopic(
  deps: PayoutsDeps,
  timing: Pick<PayoutsTiming, 'redeemPauseMs'>,
  { intake, receipts }: { intake: Pick<Intake, 'take'>; receipts: Pick<ReceiptStore, 'hasOwn'> },
  scorings: Scorings,
  heard: { receipt(receipt: CosignedReceipt, taken: Taken): void; scoring(scoring: ScoringDocument): void }
): Topic {
  const { gossip, network, key, self, clock, chain, events, log } = deps
  let off: (() => void) | undefined
  let life = new AbortController()
  let redeemed = 0
  /** Pools whose vouchers are to be redeemed: only such as this node has receipts of. */
  const called = new Set<Hex>()
  /** How often each settler has called for a pool's next epoch; those who called longest ago are forgotten first. */
  const calls = createCache<string, { epoch: number; count: number }>({ max: closingsRemembered })
  let redeeming: Promise<void> | undefined
  const seconds = (): number => Math.floor(clock.now() / 1000)
  let last = 0n
  /** Never twice the same: gossip passes the same content on only once in a while, and a second call is a call. */
  const moment = (): bigint => {
    const now = BigInt(seconds())
    last = now > last ? now : last + 1n
    return last
  }
  const publish = async (message: PayoutMessage): Promise<void> => {
    await gossip.publish(topic, message)
  }

  async function closing(statement: Signed<'EpochClosing'>): Promise<void> {
    const { pool, epoch, settler, issuedAt } = statement.message
    // [reject] It is signed by the settler it names.
    requireSigner(network, statement, settler)
    // [ignore] It is about now.
    const age = BigInt(seconds()) - issuedAt
    if (age > closingFreshSeconds || age < -closingFreshSeconds)
      throw new InvalidError('closing.old', 'the notice is not of now', { consequence: 'ignore' })
    // [ignore] Only who could propose the epoch may call workers: redeeming costs them gas.
    const { minStake } = await chain.payouts.rules()
    if ((await chain.nodes.stakeOf(settler)) < minStake)
      throw new InvalidError('closing.stake', 'the settler is not bonded', { consequence: 'ignore' })
    // [ignore] It is about the pool's next epoch.
    if (!(await isNext(pool, epoch)))
      throw new InvalidError('closing.epoch', 'the pool has no such epoch to close', { consequence: 'ignore' })
    // [ignore] The settler has not said so often enough.
    const key = `${pool}/${settler}`
    const before = calls.get(key)
    const count = before?.epoch === epoch ? before.count + 1 : 1
    if (count > closingCalls)
      throw new InvalidError('closing.known', 'the settler has called often enough', { consequence: 'ignore' })
    calls.set(key, { epoch, count })
    events.emit('payouts.closing', { pool, epoch, settler })
    // Not awaited: the verdict on a message does not wait for transactions.
    if (!(await receipts.hasOwn(pool))) return
    called.add(pool)
    redeeming ??= redeem().finally(() => {
      redeeming = undefined
    })
  }

  /** As the ledger has it; where that is behind, as it has it once it has caught up. */
  async function isNext(pool: Hex, epoch: number): Promise<boolean> {
    const says = async (): Promise<boolean> =>
      (await chain.ledger.datanet(pool)) !== undefined && (await chain.ledger.pool(pool)).epoch + 1 === epoch
    if (await says()) return true
    await chain.ledger.caughtUp()
    return says()
  }

  /**
   * At most once in a while, however often settlers call; a call that comes too soon is answered at the end of the
   * pause.
   */
  async function redeem(): Promise<void> {
    while (called.size > 0)
      try {
        const wait = redeemed + timing.redeemPauseMs - clock.now()
        if (wait > 0) await clock.sleep(wait, life.signal)
        redeemed = clock.now()
        for (const pool of called) {
          called.delete(pool)
          await deps.models.redeem({ closing: pool })
        }
      } catch (error) {
        if (life.signal.aborted) called.clear()
        else log.warn('vouchers could not be redeemed', { error })
      }
  }

  return {
    start() {
      life = new AbortController()
      off = gossip.subscribe(topic, payoutMessage, async message => {
        switch (message.kind) {
          case 'receipt': {
            const taken = await intake.take(message.receipt)
            if (!taken.fresh) throw known('receipt.known')
            heard.receipt(message.receipt, taken)
            return
          }
          case 'scoring': {
            if (!(await scorings.take(message.scoring))) throw known('scoring.known')
            heard.scoring(message.scoring)
            return
          }
          case 'closing':
            await closing(message.closing)
        }
      })
    },
    async stop() {
      off?.()
      life.abort()
      await redeeming
    },
    async announceReceipt(receipt) {
      await publish({ kind: 'receipt', receipt })
    },
    knowsReceipt: receipt => gossip.known(topic, { kind: 'receipt', receipt } satisfies PayoutMessage),
    announceScoring: scoring => publish({ kind: 'scoring', scoring }),
    announceClosing: (pool, epoch) =>
      publish({
        kind: 'closing',
        closing: signStatement(network, 'EpochClosing', { pool, epoch, settler: self, issuedAt: moment() }, key)
      })
  }
}
