import { everyItem, pageOf } from '../../../protocol/primitives/index.ts'
import type { Address, Hex, Page, PageRequest } from '../../../protocol/primitives/index.ts'
import type { ModelView } from '../../../node/models/index.ts'
import type { EpochView } from '../../../node/payouts/index.ts'
import type { Node } from '../../../node/node.ts'
import type { WorthView } from '../contract/index.ts'
import { givenTo, grownFrom, ownOfBoth } from './given.ts'

/** Epochs of a pool that are shown for each contributor, the newest. */
const mostEpochs = 100

type Parts = Pick<Node, 'data' | 'models' | 'payouts'>

/** Held-out values by model, as far as they were measured here. */
async function valuesOf(payouts: Node['payouts'], tuned: readonly ModelView[]) {
  const values = new Map<Hex, Readonly<Record<Address, bigint>>>()
  for (const { id } of tuned) {
    const gate = await payouts.knownGate(id)
    if (gate !== null) values.set(id, gate.values)
  }
  return values
}

/** What an epoch gives an account for its rows. */
const ofData = ({ share, scoringShare }: EpochView['payouts'][number]): bigint => share - scoringShare

/** What an epoch paid by answers' own weights, and all that rows added to them. */
const sumsOf = (payouts: EpochView['payouts']): { earned: bigint; weighed: bigint } => ({
  earned: payouts.reduce((sum, { value }) => (value > 0n ? sum + value : sum), 0n),
  weighed: payouts.reduce((sum, line) => sum + ofData(line) - line.heldOutShare - line.vestedShare, 0n)
})

/**
 * What each contributor of a Datanet was worth: under each version's models, and paid by each epoch. Value and pay are
 * an account's: what it contributed counts together.
 */
export async function worthOf(
  { data, models, payouts }: Parts,
  datanet: Hex,
  page: PageRequest
): Promise<Page<WorthView>> {
  const accounts = new Map<Address, { accepted: number; own: number | null }>()
  for await (const { contributor, accepted, left, own } of givenTo(data, datanet)) {
    const known = accounts.get(contributor) ?? { accepted: 0, own: 0 }
    if (accepted && !left) accounts.set(contributor, { accepted: known.accepted + 1, own: ownOfBoth(known.own, own) })
    else accounts.set(contributor, known)
  }
  const tuned = grownFrom(models, datanet)
  const values = await valuesOf(payouts, tuned)
  const epochs: EpochView[] = []
  for await (const epoch of everyItem(request => payouts.epochs({ ...request, pool: datanet }))) {
    if (epoch.state !== 'voided') epochs.push(epoch)
    if (epochs.length === mostEpochs) break
  }
  const views = [...accounts].map(([account, { accepted, own }]): WorthView => {
    const lines = epochs.flatMap(({ epoch, state, payouts }) =>
      payouts.filter(line => line.account === account).map(line => ({ epoch, state, line, all: sumsOf(payouts) }))
    )
    return {
      account,
      accepted,
      own,
      versions: tuned.map(({ id, name, version }) => ({
        version,
        model: id,
        name,
        value: values.get(id)?.[account]?.toString() ?? null
      })),
      epochs: lines.map(({ epoch, state, line, all }) => ({
        epoch,
        state,
        value: line.gate?.toString() ?? null,
        share: ofData(line).toString(),
        earned: line.value.toString(),
        earnedByAll: all.earned.toString(),
        weighed: all.weighed.toString(),
        heldOutShare: line.heldOutShare.toString(),
        vestedShare: line.vestedShare.toString()
      })),
      paid: lines.reduce((sum, { line }) => sum + ofData(line), 0n).toString()
    }
  })
  return pageOf(views, page, ({ account }) => account)
}
