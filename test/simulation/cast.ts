import { addressOfKey } from '../../protocol/crypto/index.ts'
import { createDataService } from '../../node/data/index.ts'
import type { ContributionView, DataEvents, DataService } from '../../node/data/index.ts'
import type { ManualClock } from '../../node/runtime/index.ts'
import { fromHex, keccak } from '../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'
import type { Chance } from './chance.ts'
import { simulatedChain } from './chain.ts'
import type { SimulatedChain } from './chain.ts'
import { simulatedNetwork } from './network.ts'
import type { SimulatedNetwork, Weather } from './network.ts'
import { simulatedNode } from './node.ts'
import type { Machine, SimulatedNode } from './node.ts'
import { timeOf } from './time.ts'
import type { StoryTime } from './time.ts'

// Who is in a story, and what it is told with: a host and three validators, one more who contributes, and one who has a
// vote and says whatever it likes, over one network, chain and clock.

export type DataNode = SimulatedNode<DataService>

export interface Cast extends StoryTime {
  readonly clock: ManualClock
  readonly wires: SimulatedNetwork
  readonly weather: Weather
  readonly chain: SimulatedChain
  readonly honest: readonly DataNode[]
  readonly host: DataNode
  readonly liar: { readonly key: Uint8Array; readonly address: Address }
  readonly datanet: Hex
  /** What a node tells of the Datanet's contributions, in the order of authorship. */
  readonly listOf: (node: DataNode) => Promise<readonly ContributionView[] | undefined>
  readonly nameOf: (address: Address) => string
}

const windowSeconds = 30
const stake = 100n
const names = ['host', 'validator-1', 'validator-2', 'validator-3', 'contributor']
const voters = 4

export const keyOf = (name: string): Uint8Array => fromHex(keccak(`simulated ${name}`))

const dataService = (machine: Machine<DataEvents>): DataService =>
  createDataService({ ...machine, timing: { tickMs: 500, syncMs: 4_000, sealMs: 10_000, sealGraceMs: 5_000 } })

/** @throws Error where the story cannot begin */
export async function gather(clock: ManualClock, chance: Chance, weather: Weather): Promise<Cast> {
  const wires = simulatedNetwork(clock, chance, weather)
  const liar = { key: keyOf('liar'), address: addressOfKey(keyOf('liar')) }
  const chain = simulatedChain(new Map([...names, 'liar'].map(name => [addressOfKey(keyOf(name)), stake])))
  const surroundings = { clock, network: wires, chain }
  const honest = names.map(name => simulatedNode(name, keyOf(name), surroundings, dataService))
  const [host] = honest
  if (host === undefined) throw new Error('nobody hosts')

  const { pass, asked } = timeOf(clock, () => chain.mine())

  for (const node of honest) await node.start()
  await pass(2_000)
  const rules = {
    name: 'things',
    description: '',
    licence: 'CC0-1.0',
    maxRows: 100,
    maxBytes: 100_000,
    uploadsPerContributor: 100,
    nearDuplicate: 500,
    minOwnShare: 500,
    // All the honest together are just over two thirds, or three of them are.
    validators: [
      ...honest.slice(0, voters).map(({ address }) => ({ address, weight: 3 })),
      { address: liar.address, weight: chance.pick([1, 5]) }
    ],
    revealSeconds: windowSeconds,
    voteSeconds: windowSeconds
  }
  const made = await asked(host.service.createDatanet(rules, '{"prompt":"Which is held out?","response":"it"}'), 20_000)
  if (made === undefined) throw new Error('no Datanet was made')
  const { id: datanet } = made
  for (const node of honest.slice(voters)) {
    const found = await asked(
      (async () => {
        while ((await node.service.datanet(datanet)) === undefined) await clock.sleep(500)
        await node.service.follow(datanet)
        return true
      })(),
      60_000
    )
    if (found === undefined) throw new Error(`${node.name} did not hear of the Datanet`)
  }
  return {
    clock,
    wires,
    weather,
    chain,
    honest,
    host,
    liar,
    datanet,
    pass,
    asked,
    listOf: async node => (await asked(node.service.contributions(datanet, { limit: 200 }), 10_000))?.items,
    nameOf: address => honest.find(one => one.address === address)?.name ?? 'the liar'
  }
}
