import { totalWeight, weightOf } from '../../../protocol/data/index.ts'
import { InvalidError, NotFoundError, exactTokenText } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { BondRecord } from '../../chain/types.ts'
import type { Automation, Plan } from '../../runtime/index.ts'
import type { Book } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import type { Rosters } from '../rosters.ts'
import type { BondView, ContributingService } from './types.ts'

/** Open bonds of one account that are shown, and asked back at a time. */
const mostShown = 1_000
/** Chain seconds after its deadline in which a commitment that was brought here is still looked for. */
const lookedFor = 86_400

export interface BondKeeping extends Pick<ContributingService, 'bond' | 'bonds' | 'giveBack' | 'callSpam'> {
  /** Asks bonds back whose time is over: of this node's own account, and of what was brought in here. */
  readonly automation: Automation | undefined
}

/** What is locked with contributions: shown, asked back, and called spam by a validator. */
export function createBondKeeping(
  deps: Pick<DataDeps, 'automations' | 'bonds' | 'chain' | 'clock' | 'self'>,
  everyMs: number,
  book: Book,
  rosters: Pick<Rosters, 'deciding'>
): BondKeeping {
  const { automations, bonds: on = true, chain, clock, self } = deps
  const { ledger } = chain
  const seconds = (): number => Math.max(Math.floor(clock.now() / 1000), Number(ledger.head()?.timestamp ?? 0n))

  async function viewOf(record: BondRecord): Promise<BondView> {
    const { contribution, datanet, contributor, amount, until, state, spam, spoke } = record
    const net = (await book.datanet(datanet))?.document
    const total = net === undefined ? 0 : totalWeight((await rosters.deciding(contribution, net)).rules.validators)
    const times = { until: Number(until) * 1000, spam: Number(spam), total }
    return { contribution, datanet, contributor, amount, state, spoke, ...times }
  }

  async function* openOf(contributor: typeof self): AsyncGenerator<BondRecord> {
    yield* (await ledger.openBonds(contributor, { limit: mostShown })).items
  }

  /** Own ones, and those of contributors who have brought theirs here. */
  async function* ours(): AsyncGenerator<BondRecord> {
    yield* openOf(self)
    for await (const [id, deadline] of book.bonded.entries()) {
      const bond = await ledger.bond(id as Hex)
      if (bond?.state === 'open') {
        if (bond.contributor !== self) yield bond
      } else if (bond === undefined ? seconds() > deadline + lookedFor : ledger.confirmed(bond.block))
        await book.bonded.delete(id)
    }
  }

  /** @throws NotFoundError `bond.none` */
  async function openBond(contribution: Hex): Promise<BondRecord> {
    const bond = await ledger.bond(contribution)
    // [reject] There is one, and it is open.
    if (bond?.state !== 'open')
      throw new NotFoundError(
        'bond.none',
        bond === undefined ? 'nothing is locked with this contribution' : `its bond was ${bond.state} already`,
        { help: '`tilth bonds` shows those that are open.' }
      )
    return bond
  }

  async function told(contribution: Hex): Promise<BondView> {
    await ledger.caughtUp()
    return viewOf((await ledger.bond(contribution)) ?? (await openBond(contribution)))
  }

  const keeping: Omit<BondKeeping, 'automation'> = {
    async bond(contribution) {
      const found = await ledger.bond(contribution)
      return found === undefined ? undefined : viewOf(found)
    },
    async bonds(contributor) {
      const found: BondView[] = []
      for await (const bond of contributor === undefined ? ours() : openOf(contributor)) {
        if (found.length === mostShown) break
        found.push(await viewOf(bond))
      }
      return found.sort((a, b) => a.until - b.until)
    },
    async giveBack(contribution) {
      const { until } = await openBond(contribution)
      // [reject] It is locked until its time is over, whatever was decided.
      if (seconds() < Number(until))
        throw new InvalidError(
          'bond.held',
          `it is locked until ${new Date(Number(until) * 1000).toISOString()}, whatever was decided`,
          { help: 'Where it was contributed, the node asks it back by itself then.' }
        )
      await chain.bonds.giveBack(contribution)
      return told(contribution)
    },
    async callSpam(contribution) {
      const { datanet, until, spoke } = await openBond(contribution)
      const net = (await book.datanet(datanet))?.document
      const roster = net === undefined ? [] : (await rosters.deciding(contribution, net)).rules.validators
      // [reject] Who decides on it can call it spam, once, while it is locked.
      if (weightOf(roster, self) === 0)
        throw new InvalidError('vote.not-validator', 'this node is no validator of that contribution', {
          help: 'Only those can call it spam who sat on its roster when it came.'
        })
      if (spoke.includes(self)) throw new InvalidError('bond.known', 'this node has called it spam already')
      if (seconds() >= Number(until))
        throw new InvalidError('bond.due', "its time is over: the bond is its contributor's again")
      await chain.bonds.callSpam(contribution)
      return told(contribution)
    }
  }

  async function* plans(): AsyncGenerator<Plan> {
    for await (const { contribution, amount, until } of ours()) {
      const what = `ask the bond of ${contribution.slice(0, 10)} back`
      const plan = { about: contribution, what }
      if (seconds() < Number(until)) {
        const why = `${exactTokenText(amount)} tokens are locked until then, whatever was decided`
        yield { due: false, ...plan, why, at: Number(until) * 1000 }
      } else
        yield {
          due: true,
          ...plan,
          async run() {
            const { contributor } = await chain.bonds.giveBack(contribution)
            return `gave ${exactTokenText(amount)} tokens that were locked back to ${contributor}`
          }
        }
    }
  }
  const automation = chain.account === undefined ? undefined : automations.add({ name: 'bonds', on, everyMs, plans })
  return { ...keeping, automation }
}
