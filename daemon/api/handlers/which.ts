import { InvalidError, NotFoundError, bytes32, everyItem, idText, isMeant } from '../../../protocol/primitives/index.ts'
import type { ErrorCode, Hex, IdText } from '../../../protocol/primitives/index.ts'
import type { Node } from '../../../node/node.ts'
import type { JobView } from '../../../node/jobs/index.ts'
import type { ModelView } from '../../../node/models/index.ts'

/** Ids that a refusal lists, of those that were meant. */
const mostListed = 10

/** What is looked for, and where its list is. */
interface Kind {
  readonly what: string
  readonly unknown: ErrorCode
  readonly list: string
}

/**
 * The one that a text means: an id, or as much of one as no other shares.
 * @throws NotFoundError the kind's · InvalidError `id.ambiguous`, which lists those it may be
 */
async function onlyOne<T extends { readonly id: Hex }>(
  { what, unknown, list }: Kind,
  wanted: string,
  matching: (text: IdText) => AsyncIterable<T> | Iterable<T>
): Promise<T> {
  const text = idText(wanted)
  const found = new Map<Hex, T>()
  if (text !== undefined)
    for await (const one of matching(text)) {
      if (!isMeant(one.id, text)) continue
      found.set(one.id, one)
      if (found.size > mostListed) break
    }
  const [only] = found.values()
  if (only === undefined)
    throw new NotFoundError(unknown, `no ${what} ${wanted} is known here`, {
      help: `It may not have arrived yet; see \`${list}\`.`
    })
  if (found.size > 1)
    throw new InvalidError('id.ambiguous', `${wanted} means several ${what}s: give more of its id`, {
      help: `One of ${[...found.keys()].slice(0, mostListed).join(', ')}${found.size > mostListed ? ', …' : ''}.`
    })
  return only
}

const contributions: Kind = { what: 'contribution', unknown: 'contribution.unknown', list: 'tilth contributions' }
const channels: Kind = { what: 'channel', unknown: 'close.unknown', list: 'tilth channel list --all' }
const receipts: Kind = { what: 'receipt', unknown: 'receipt.unknown', list: 'tilth receipts' }

/** A whole id stands for itself: whoever is asked for it says whether it is there. */
async function idAmong(kind: Kind, wanted: string, ids: (beginning: string) => AsyncIterable<Hex>): Promise<Hex> {
  const whole = bytes32.safeParse(wanted)
  if (whole.success) return whole.data
  const matching = async function* ({ beginning }: IdText): AsyncGenerator<{ id: Hex }> {
    for await (const id of ids(beginning)) yield { id }
  }
  return (await onlyOne(kind, wanted, matching)).id
}

export interface Which {
  job(wanted: string): Promise<JobView>
  /** By name too: the newest of a name that somebody serves. */
  model(wanted: string): Promise<ModelView>
  /** By name too. */
  datanet(wanted: string): Promise<Hex>
  contribution(wanted: string): Promise<Hex>
  receipt(wanted: string): Promise<Hex>
  /** A channel by which this node pays, or is paid. */
  channel(wanted: string): Promise<Hex>
}

/** Finds what callers name: whatever the command line shows as an id may be said again, whole or begun. */
export function createWhich({
  jobs,
  models,
  data,
  payouts,
  chain
}: Pick<Node, 'jobs' | 'models' | 'data' | 'payouts' | 'chain'>): Which {
  return {
    job: wanted => onlyOne({ what: 'job', unknown: 'job.unknown', list: 'tilth jobs' }, wanted, () => jobs.jobs()),
    async model(wanted) {
      const kind: Kind = { what: 'model', unknown: 'model.unknown', list: 'tilth models' }
      const look = async (): Promise<ModelView> =>
        models.model(wanted) ?? (await onlyOne(kind, wanted, () => models.models()))
      try {
        return await look()
      } catch (error) {
        if (!(error instanceof NotFoundError)) throw error
        // Registered a moment ago, elsewhere: what the chain holds by now is known before anybody is refused.
        await chain.ledger.caughtUp({ consumers: true })
        return look()
      }
    },
    datanet: async wanted => (await data.findDatanet(wanted)).id,
    contribution: wanted => idAmong(contributions, wanted, beginning => data.contributionIds(beginning)),
    receipt: wanted => idAmong(receipts, wanted, beginning => payouts.receiptIds(beginning)),
    channel: async wanted => (await onlyOne(channels, wanted, () => everyItem(page => models.channels(page)))).id
  }
}
