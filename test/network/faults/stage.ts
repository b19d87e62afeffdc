import { randomBytes } from 'node:crypto'
import { contributeSigned } from '../../../daemon/cli/commands/contribute.ts'
import { unlessUnknown, until } from '../../../daemon/local/loop/poll.ts'
import type { RosterView } from '../../../daemon/api/contract/index.ts'
import { addressOfKey } from '../../../protocol/crypto/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { coin, startDaemons, startWorld } from '../../harness/index.ts'
import type { DaemonOptions, Daemons, TestDaemon, World } from '../../harness/index.ts'
import type { Victim } from '../../node/transport/stranger.ts'

export const stake = 100n * coin

/** Validators as processes of their own, the first of which hosts, with a Datanet that all have heard of. */
export interface Stage {
  readonly world: World
  readonly daemons: Daemons
  readonly validators: readonly TestDaemon[]
  readonly datanet: Hex
  /** Until these have heard of the Datanet. */
  heard(by: readonly TestDaemon[]): Promise<void>
  /** Somebody's contribution, each time another person's and of other rows. @returns its id */
  contribute(by: TestDaemon): Promise<Hex>
  /** Until all of them say so of a contribution. */
  accepted(at: readonly TestDaemon[], id: Hex, seconds?: number): Promise<void>
  /** Of what daemons say: everybody voted once, and nobody lost anything. @throws Error who has not */
  nobodyIsAccused(at: readonly TestDaemon[]): Promise<void>
}

export async function setStage(
  name: string,
  count: number,
  optionsOf: (i: number) => Partial<DaemonOptions> = () => ({}),
  deployed: Parameters<typeof startWorld>[1] = {}
): Promise<Stage> {
  const world = await startWorld(name, deployed)
  const daemons = startDaemons(world)
  try {
    const validators: TestDaemon[] = []
    for (let i = 0; i < count; i++) {
      const roles = i === 0 ? (['host', 'validator'] as const) : (['validator'] as const)
      validators.push(await daemons.add(`validator-${i + 1}`, { roles, stake, ...optionsOf(i) }))
    }
    const [host] = validators
    if (host === undefined) throw new Error('a stage needs somebody')
    const rules = {
      name: 'birds',
      description: '',
      licence: 'CC0-1.0',
      maxRows: 100,
      maxBytes: 100_000,
      uploadsPerContributor: 5,
      nearDuplicate: 500,
      minOwnShare: 500,
      validators: validators.map(({ address }) => ({ address, weight: 1 })),
      revealSeconds: 600,
      voteSeconds: 600
    }
    const heldOut = '{"prompt":"Say the colour that the wren has.","response":"red"}\n'
    const { id } = await host.api.call('createDatanet', { body: { rules, heldOut } })
    const datanet = id as Hex
    const heard = async (by: readonly TestDaemon[]): Promise<void> => {
      for (const { name, api } of by)
        await until(`${name} hearing of the Datanet`, 60, () =>
          unlessUnknown(api.call('datanet', { params: { id: datanet } }))
        )
    }
    await heard(validators)
    let made = 0
    return {
      world,
      daemons,
      validators,
      datanet,
      heard,
      async contribute(by) {
        const key = Uint8Array.from(randomBytes(32))
        const rows = Array.from({ length: 3 }, (_, i) =>
          JSON.stringify({ prompt: `What is number ${made * 3 + i} of the birds?`, response: `bird ${made * 3 + i}` })
        )
        made++
        const { id } = await contributeSigned(by.api, datanet, rows.join('\n'), addressOfKey(key), key)
        return id as Hex
      },
      async accepted(at, id, seconds = 90) {
        await Promise.all(
          at.map(({ name, api }) =>
            until(`${name} taking a contribution for accepted`, seconds, async () => {
              const { items } = await api.call('contributions', { params: { id: datanet } })
              return items.find(one => one.id === id && one.status === 'accepted')
            })
          )
        )
      },
      async nobodyIsAccused(at) {
        for (const { name, api } of at) {
          const roster: RosterView = await api.call('roster', { params: { id: datanet } })
          for (const { address, doubleVotes, stake: left, unbonding } of roster.validators)
            if (doubleVotes > 0 || left !== stake.toString() || unbonding !== '0')
              throw new Error(`${name} says that ${address} has voted twice, or has ${left} at stake`)
        }
      }
    }
  } catch (error) {
    await world.stop()
    throw error
  }
}

/** A daemon, as a stranger of a test dials it. */
export const victimOf = ({ peer }: TestDaemon): Victim => ({
  peers: { listening: () => [...peer], self: { peerId: peer[0]?.split('/p2p/')[1] ?? '' } }
})
