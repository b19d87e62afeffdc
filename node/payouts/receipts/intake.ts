import { canonicalJson, InvalidError, keccak, NotFoundError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { CosignedReceipt } from '../../../protocol/models/index.ts'
import { faultOf, shownFault, receiptId } from '../../../protocol/payouts/index.ts'
import type { Facts } from '../facts.ts'
import type { Models } from '../models.ts'
import type { PayoutsDeps } from '../types.ts'
import type { NewEntry, ReceiptStore } from './types.ts'

/** What became of a receipt: one that is new is in this pool, or in none. */
export type Taken =
  | { readonly id: Hex; readonly fresh: false }
  | { readonly id: Hex; readonly fresh: true; readonly pool: Hex | null }

/** The way in for receipts, whoever brings them. */
export interface Intake {
  /**
   * Checks and keeps one; when it resolves, the process may end. Known or not, both signatures are checked: an id
   * covers neither.
   * @throws InvalidError `receipt.*` · NotFoundError `receipt.channel` (not on chain, or not yet)
   */
  take(receipt: CosignedReceipt): Promise<Taken>
  /**
   * Keeps one of the node's own, which the models phase has signed or checked, and so has whoever kept what is known by
   * its id.
   * @throws as take
   */
  takeOwn(receipt: CosignedReceipt): Promise<Taken>
}

export function createIntake(
  { network, self }: Pick<PayoutsDeps, 'network' | 'self'>,
  receipts: Pick<ReceiptStore, 'has' | 'put'>,
  models: Pick<Models, 'poolOf'>,
  facts: Pick<Facts, 'channels'>
): Intake {
  /**
   * What is being checked now, so that two who bring the same cost one check: by the digest of the whole document, for
   * under one id anybody can bring another.
   */
  const taking = new Map<Hex, Promise<Taken>>()

  async function check(id: Hex, receipt: CosignedReceipt): Promise<Pick<NewEntry, 'pool' | 'expiry' | 'covered'>> {
    const { channel, model } = receipt.receipt.message
    const channels = await facts.channels([receipt])
    const facing = channels.get(channel)
    // [ignore] Its channel is on chain; it may be that ours is behind.
    if (facing === undefined) throw new NotFoundError('receipt.channel', `receipt ${id}: its channel is not on chain`)
    const pool = (await models.poolOf(model)) ?? null
    // A model without a Datanet has no pool; its receipts are sound under a name that no pool has.
    const name: Hex = pool ?? model
    const fault = faultOf(receipt, { network, pool: name, channels, datanets: new Map([[model, name]]) })
    // [ignore] What the chain says of its channel and model is in nobody's message.
    if (fault !== undefined)
      throw new InvalidError(`receipt.${fault}`, `receipt ${id} is not sound: ${fault}`, { consequence: 'ignore' })
    // What a closed channel did not pay out went back to its client.
    return { pool, expiry: facing.expiry, covered: facing.closed ? facing.claimed : facing.deposit }
  }

  async function checked(receipt: CosignedReceipt): Promise<Taken> {
    const id = receiptId(network, receipt)
    // [reject] What it shows by itself: both signatures, and that it encloses what they are over.
    const own = shownFault(receipt, network)
    if (own !== undefined) throw new InvalidError(`receipt.${own}`, `receipt ${id} is not sound: ${own}`)
    return keep(receipt, id)
  }

  async function keep(receipt: CosignedReceipt, id: Hex): Promise<Taken> {
    if (await receipts.has(id)) return { id, fresh: false }
    const { client, worker } = receipt
    const entry = { id, receipt, own: client === self || worker === self, answered: worker === self }
    const checked = await check(id, receipt)
    const fresh = await receipts.put({ ...entry, ...checked })
    return fresh ? { id, fresh, pool: checked.pool } : { id, fresh }
  }

  return {
    take(receipt) {
      const document = keccak(canonicalJson(receipt))
      const running = taking.get(document)
      if (running !== undefined) return running.then(({ id }) => ({ id, fresh: false }))
      const work = checked(receipt).finally(() => {
        taking.delete(document)
      })
      taking.set(document, work)
      return work
    },
    takeOwn: receipt => keep(receipt, receiptId(network, receipt))
  }
}
