import {
  InvalidError,
  NotFoundError,
  bytes32,
  everyItem,
  idText,
  isIdAlone,
  isMeant,
  nameSkeleton
} from '../../../protocol/primitives/index.ts'
import type { Address, ErrorCode, Hex, IdText } from '../../../protocol/primitives/index.ts'
import { meantBy } from '../../names/index.ts'
import type { Pins } from '../../names/index.ts'
import type { Node } from '../../../node/node.ts'
import { createCache } from '../../../node/runtime/index.ts'
import type { JobView } from '../../../node/jobs/index.ts'
import type { ModelView } from '../../../node/models/index.ts'

/** Ids that a refusal lists, of those that were meant. */
const mostListed = 10
/** Names whose looks are remembered: more than there are models of a network. */
const mostLooks = 20_000

/** What is looked for, and where its list is. */
interface Kind {
  readonly what: string
  readonly unknown: ErrorCode
  readonly list: string
  /** It can be called by a name as well. */
  readonly named?: true
}

/**
 * The one that a text means: an id, or as much of one as no other shares.
 * @throws NotFoundError the kind's · InvalidError `id.ambiguous`, which lists those it may be
 */
async function onlyOne<T extends { readonly id: Hex }>(
  { what, unknown, list, named }: Kind,
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
      help:
        text === undefined && named !== true
          ? `An id is 0x and 64 hexadecimal digits, of which the first ones do; see \`${list}\`.`
          : `It may not have arrived yet; see \`${list}\`.`
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
  /** By name too: the one that is asked by it; where nothing settles which, the newest that somebody serves. */
  model(wanted: string): Promise<ModelView>
  /**
   * The one that is asked, and paid: by id, by a name that the owner has pinned, or by one that only one trusted
   * builder uses. What is chosen for money goes by this too: a base, a split to copy.
   * @throws as model · InvalidError `name.ambiguous`, `name.untrusted`
   */
  asked(wanted: string): Promise<ModelView>
  /** What each name asks that asks anything; of the others each model is asked by its id alone. */
  askedNames(): ReadonlyMap<string, Hex>
  /** By name too. */
  datanet(wanted: string): Promise<Hex>
  contribution(wanted: string): Promise<Hex>
  receipt(wanted: string): Promise<Hex>
  /** A channel by which this node pays, or is paid. */
  channel(wanted: string): Promise<Hex>
}

/** What the owner has settled of names that money goes by. */
export interface Names {
  readonly pins: Pick<Pins, 'get'>
  readonly trusted: () => readonly Address[]
}

/** Finds what callers name: whatever the command line shows as an id may be said again, whole or begun. */
export function createWhich(
  { jobs, models, data, payouts, chain, self }: Pick<Node, 'jobs' | 'models' | 'data' | 'payouts' | 'chain' | 'self'>,
  names: Names
): Which {
  /** What names look like: of all models, whenever one is asked by its name. */
  const known = createCache<string, string>({ max: mostLooks })
  function looksOf(name: string): string {
    const looks = known.get(name) ?? nameSkeleton(name)
    known.set(name, looks)
    return looks
  }
  const openOf = (name: string): ModelView[] => models.models().filter(one => one.name === name && !one.retired)
  const byName = (name: string, all: readonly ModelView[] = openOf(name)): ModelView =>
    meantBy(name, all, { self, builders: names.trusted() })
  /** [reject] What begins an id may be meant by it: no stranger is paid who has registered it as a name. */
  function requireNoId(name: string, { id, builder }: ModelView): void {
    const text = idText(name)
    if (text === undefined || builder === self || names.trusted().includes(builder)) return
    const others = models.models().filter(other => other.id !== id && isMeant(other.id, text))
    if (others.length === 0) return
    throw new InvalidError('name.ambiguous', `${name} is a model’s name, and begins the id of another: say which`, {
      help: `Ask by its id, one of ${[id, ...others.slice(0, mostListed).map(other => other.id)].join(', ')}.`,
      details: { param: 'model' }
    })
  }
  /**
   * [reject] A name that a person would take for another builder's is settled by the owner as one that both use: it may
   * have been read off a list that a stranger has put it into.
   */
  function requireNoTwin(
    name: string,
    { id, builder }: ModelView,
    looks: () => ReadonlyMap<string, ModelView[]>
  ): void {
    if (builder === self || names.trusted().includes(builder)) return
    const twins = (looks().get(looksOf(name)) ?? []).filter(other => other.builder !== builder)
    const [twin] = twins
    if (twin === undefined) return
    const asOne = [`${id} by ${builder}`, ...twins.slice(0, mostListed).map(other => `${other.id} by ${other.builder}`)]
    throw new InvalidError('name.ambiguous', `${name} would be taken for ${twin.name} of another builder: say which`, {
      help: `Ask by its id, or pin the name (\`tilth models pin ${name} ID\`): one of ${asOne.join(', ')}.`,
      details: { param: 'model' }
    })
  }
  const looksAlike = (): Map<string, ModelView[]> =>
    Map.groupBy(
      models.models().filter(({ retired }) => !retired),
      one => looksOf(one.name)
    )
  function onlyMeant(
    name: string,
    all?: readonly ModelView[],
    looks: () => ReadonlyMap<string, ModelView[]> = looksAlike
  ): ModelView {
    const meant = byName(name, all)
    requireNoId(name, meant)
    requireNoTwin(name, meant, looks)
    return meant
  }
  const which: Which = {
    job: wanted => onlyOne({ what: 'job', unknown: 'job.unknown', list: 'tilth jobs' }, wanted, () => jobs.jobs()),
    async model(name) {
      const kind: Kind = { what: 'model', unknown: 'model.unknown', list: 'tilth models', named: true }
      const wanted = names.pins.get(name) ?? name
      const look = async (): Promise<ModelView> => {
        const known = models.model(wanted)
        if (known?.id === wanted) return known
        // [reject] Whoever calls a model as an id begins is not meant by it.
        if (known === undefined || isIdAlone(wanted)) return onlyOne(kind, wanted, () => models.models())
        try {
          return byName(wanted)
        } catch (error) {
          if (!(error instanceof InvalidError)) throw error
          return known // several are called so, or nobody trusted has one: it is looked at, not paid
        }
      }
      try {
        return await look()
      } catch (error) {
        if (!(error instanceof NotFoundError)) throw error
        // Registered a moment ago, elsewhere: what the chain holds by now is known before anybody is refused.
        await chain.ledger.caughtUp({ consumers: true })
        return look()
      }
    },
    async asked(wanted) {
      const found = await which.model(wanted)
      if (names.pins.get(wanted) !== undefined || found.id === wanted || found.name !== wanted) return found
      return onlyMeant(wanted)
    },
    askedNames() {
      const open = models.models().filter(({ retired }) => !retired)
      const looks = looksAlike()
      const meant = new Map<string, Hex>()
      for (const [name, all] of Map.groupBy(open, model => model.name)) {
        try {
          meant.set(name, names.pins.get(name) ?? onlyMeant(name, all, () => looks).id)
        } catch (error) {
          // Several are called so or nearly so, nobody trusted has one, or it begins another's id.
          if (!(error instanceof InvalidError)) throw error
        }
      }
      return meant
    },
    datanet: async wanted => (await data.findDatanet(wanted)).id,
    contribution: wanted => idAmong(contributions, wanted, beginning => data.contributionIds(beginning)),
    receipt: wanted => idAmong(receipts, wanted, beginning => payouts.receiptIds(beginning)),
    channel: async wanted => (await onlyOne(channels, wanted, () => everyItem(page => models.channels(page)))).id
  }
  return which
}
