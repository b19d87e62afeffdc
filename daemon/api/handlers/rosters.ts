import { InvalidError, NotFoundError } from '../../../protocol/primitives/index.ts'
import { cappedWeights, isWeighingCode, seatsFor, unitsOf } from '../../../protocol/data/index.ts'
import type { DatanetRules } from '../../../protocol/data/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { refusedWith } from '../../../node/chain/index.ts'
import type { SuccessionRecord } from '../../../node/chain/types.ts'
import type { Node } from '../../../node/node.ts'
import type { Handlers } from '../server/index.ts'

/** Rosters that were put forward and may still come to something: the one that silence can seat, then the newest. */
const mostShown = 20

/** A Datanet's validators: who sits, who may follow, and how they say so. */
export function rosterHandlers({
  chain,
  data
}: Pick<Node, 'chain' | 'data'>): Pick<
  Handlers,
  'roster' | 'proposeRoster' | 'speakOnRoster' | 'seatRoster' | 'weighRoster'
> {
  const { ledger } = chain
  async function seatsOf(datanet: Hex, rules: DatanetRules): Promise<readonly { address: Address; weight: number }[]> {
    const number = await sitting(datanet)
    if (number === 1 && rules.weights === undefined) return rules.validators
    const members = (await ledger.roster(datanet, number)) ?? []
    return members.map(({ address, weight }) => ({ address, weight: Number(weight) }))
  }
  const sitting = async (datanet: Hex): Promise<number> => (await ledger.datanet(datanet))?.roster ?? 1

  /** What was put forward to seats that were only weighed anew since is theirs still. */
  const isOpen = async ({ datanet, follows }: SuccessionRecord): Promise<boolean> =>
    ledger.sameSeats(datanet, follows, await sitting(datanet))

  async function open(datanet: Hex) {
    const announcement = (await ledger.datanet(datanet))?.announcement ?? null
    const announced = announcement === null ? undefined : await ledger.succession(announcement)
    const { items } = await ledger.successions(datanet, { reverse: true, limit: mostShown })
    const all = [...(announced === undefined ? [] : [announced]), ...items.filter(({ id }) => id !== announcement)]
    const still = await Promise.all(all.map(isOpen))
    return all
      .filter((_, i) => still[i])
      .slice(0, mostShown)
      .map(one => (one.id === announcement ? one : { ...one, silentAt: 0n }))
  }
  async function must(datanet: Hex, id: Hex) {
    const found = await ledger.succession(id)
    if (found?.datanet === datanet && (await isOpen(found))) return found
    throw new NotFoundError('roster.unknown', 'no such roster was put forward for the one that sits now', {
      help: '`tilth datanet roster NAME` shows those that were.'
    })
  }

  /** What the seats would weigh if they were weighed now; undefined where that makes no difference. */
  async function dueWeights(
    { weights }: Pick<DatanetRules, 'weights'>,
    seats: readonly { readonly weight: number; readonly stake: string }[]
  ): Promise<number[] | undefined> {
    if (weights?.by !== 'stake') return undefined
    const { minStake: least } = await chain.payouts.rules()
    const due = cappedWeights(
      seats.map(({ stake }) => unitsOf(BigInt(stake), least)),
      weights.cap
    )
    return due.some((weight, i) => weight !== seats[i]?.weight) ? due : undefined
  }

  return {
    async roster({ params }) {
      const { id, rules } = await data.findDatanet(params.id)
      const number = await sitting(id)
      const now = await seatsOf(id, rules)
      const doubles = await data.doubleVotes(id)
      const { of: decided, counts } = await data.turnout(id)
      const validators = await Promise.all(
        now.map(async ({ address, weight }) => {
          const [stake, unbonding] = await Promise.all([chain.nodes.stakeOf(address), chain.nodes.unbondingOf(address)])
          return {
            address,
            weight,
            stake: stake.toString(),
            unbonding: unbonding.amount.toString(),
            doubleVotes: doubles.filter(({ validator }) => validator === address).length,
            reviewed: counts.get(address) ?? 0
          }
        })
      )
      const due = await dueWeights(rules, validators)
      const next = (await open(id)).map(({ id: succession, by, silentAt, validators, consent, against }) => ({
        id: succession,
        by,
        silentAt: silentAt === 0n ? null : Number(silentAt) * 1000,
        consent: Number(consent),
        against: Number(against),
        // What seats will weigh that are weighed when they are seated nobody knows yet.
        validators: validators.map(({ address, weight }) => ({
          address,
          weight: isWeighingCode(weight) ? 1 : Number(weight)
        }))
      }))
      return { datanet: id, number, decided, validators, ...(due === undefined ? {} : { due }), next }
    },
    async proposeRoster({ params, body }) {
      const { id, rules } = await data.findDatanet(params.id)
      const wanted = body.validators as typeof rules.validators
      const now = await seatsOf(id, rules)
      const stays = ({ address, weight }: (typeof wanted)[number]): boolean =>
        // Where seats are weighed by a rule nobody names their weights.
        now.some(one => one.address === address && (rules.weights !== undefined || one.weight === weight))
      // [reject] Those who sit need not follow themselves: that costs gas, and a host has one roster at a time that
      // silence can seat.
      if (wanted.length === now.length && wanted.every(stays))
        throw new InvalidError('roster.same', 'these are the validators that sit already, with the same weights', {
          help: 'Nothing was sent. `tilth datanet roster NAME` shows who sits.'
        })
      const members = seatsFor(rules, wanted)
      const { succession, silentAt, transaction } = await chain.datanets.proposeRoster(id, members)
      return { succession, silentAt: silentAt === 0n ? null : Number(silentAt) * 1000, transaction }
    },
    async speakOnRoster({ params, body }) {
      const { id: succession, validators } = await must((await data.findDatanet(params.id)).id, body.succession as Hex)
      const { transaction } = await chain.datanets.speakOnRoster(succession, body.consents)
      if (!body.consents) return { transaction, seated: null }
      // The last word that was missing seats the roster, too; anybody else's does not yet.
      const seated = await chain.datanets.seatRoster(succession, validators).catch((error: unknown) => {
        if (refusedWith(error, 'NotDecided', 'NotEnoughStake')) return undefined
        throw error
      })
      return { transaction, seated: seated?.roster ?? null }
    },
    async weighRoster({ params }) {
      const { roster, transaction } = await chain.datanets.reweigh((await data.findDatanet(params.id)).id)
      return { roster, transaction }
    },
    async seatRoster({ params, body }) {
      const { id: succession, validators } = await must((await data.findDatanet(params.id)).id, body.succession as Hex)
      const { roster, transaction } = await chain.datanets.seatRoster(succession, validators)
      return { roster, transaction }
    }
  }
}
