import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createJobsService } from '../../../node/jobs/index.ts'
import type { JobEvents, JobsDeps, JobsService } from '../../../node/jobs/index.ts'
import type { ManualClock } from '../../../node/runtime/index.ts'
import { addressOfKey } from '../../../protocol/crypto/index.ts'
import { InvalidError, TilthError, keccak, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { versions } from '../../node/jobs/version.ts'
import { keyOf } from '../cast.ts'
import type { Chance } from '../chance.ts'
import { simulatedNetwork } from '../network.ts'
import type { SimulatedNetwork, Weather } from '../network.ts'
import { simulatedNode } from '../node.ts'
import type { Machine, SimulatedNode } from '../node.ts'
import { crookedStreams } from '../serving/crooks.ts'
import { settleFiles, timeOf } from '../time.ts'
import type { StoryTime } from '../time.ts'
import { tokenChain } from '../tokens/chain.ts'
import type { TokenChain } from '../tokens/chain.ts'
import type { Call } from '../tokens/state.ts'
import { lookInto, tinyEngine, tinyShelf } from './engine.ts'
import type { Skill } from './engine.ts'

// A builder and two workers, and one of each who is a crook, over one version of a Datanet.

export type WorkingNode = SimulatedNode<JobsService>

export interface WorkingCast extends StoryTime {
  readonly clock: ManualClock
  readonly wires: SimulatedNetwork
  readonly weather: Weather
  readonly chain: TokenChain
  readonly honest: readonly WorkingNode[]
  readonly builder: WorkingNode
  readonly workers: readonly WorkingNode[]
  readonly crooks: { readonly worker: WorkingNode; readonly builder: WorkingNode }
  readonly mood: { isCrooked: boolean }
  /** Where their work in progress lies. */
  readonly folder: string
  readonly nameOf: (address: Address) => string
}

/** In memory where that can be: a story writes few small files, and waits for each to be on disk. */
const scratch = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

export const tokens = 10n ** 9n
export const datanet = keccak('datanet')
export const base = 'bafybase'.padEnd(59, 'a')
const timing = { bidMs: 4_000, aliveMs: 1_000, silenceMs: 10_000, announceMs: 2_000, tickMs: 500 }

const anchored: Call = (state, { from }) => {
  const version = { root: zeroHash.replace('00', '11') as Hex, count: 3, cid: 'bafymanifest'.padEnd(59, 'a') }
  state.versions.set(`${datanet}/1`, version)
  const validators = [{ address: from, weight: 1n }]
  return [
    { name: 'DatanetCreated', datanet, host: from, rules: keccak('rules'), createdAt: 1n, validators },
    { name: 'VersionAnchored', datanet, version: 1, ...version, blockHash: zeroHash }
  ]
}

/** @throws Error where the story cannot begin */
export async function gatherWorking(clock: ManualClock, chance: Chance, weather: Weather): Promise<WorkingCast> {
  const wires = simulatedNetwork(clock, chance, weather)
  const names = ['builder', 'worker-1', 'worker-2', 'crooked worker', 'crooked builder']
  const addresses = new Map(names.map(name => [addressOfKey(keyOf(name)), name]))
  const chain = tokenChain(
    new Map([...addresses.keys()].map(address => [address, tokens])),
    [{ from: addressOfKey(keyOf('host')), call: anchored }],
    Math.floor(clock.now() / 1000),
    account => clock.sleep(1 + names.findIndex(name => addressOfKey(keyOf(name)) === account))
  )
  const time = timeOf(clock, () => chain.mine(), settleFiles)
  const mood = { isCrooked: false }
  const surroundings = { clock, network: wires, chain, settle: settleFiles }
  const folder = mkdtempSync(join(scratch, 'tilth-working-'))
  const [skill, isBlind] = [chance.pick<Skill>(['well', 'unlearnt', 'rubbish']), chance.happens(0.4)]

  const node = (name: string): WorkingNode =>
    simulatedNode(name, keyOf(name), surroundings, (machine: Machine<JobEvents>) => {
      const isCrook = name.startsWith('crooked')
      const isBuilder = name.endsWith('builder')
      const files: JobsDeps['files'] = {
        ...machine.files,
        addFile: () => Promise.reject(new InvalidError('files.car', 'no states are kept here'))
      }
      const own = join(folder, name)
      const by = chance.of(name)
      // A builder that finds everything bad refuses it; one that sees well never says that it pays.
      const never = (): Promise<never> => Promise.reject(new TilthError('internal', 'it does not'))
      const escrows = { ...machine.chain.escrows, release: never, refund: never, refundWithConsent: never }
      return createJobsService({
        ...machine,
        ...(isCrook ? { streams: crookedStreams(machine, { by, clock, mood }) } : {}),
        ...(isCrook && isBuilder ? { chain: { ...machine.chain, escrows } } : {}),
        files,
        shelf: tinyShelf(join(own, 'shelf'), files),
        engine: tinyEngine(machine.clock, isCrook ? skill : 'well', !(isCrook && isBlind)),
        delivered: lookInto,
        versions,
        roles: { builder: isBuilder, worker: !isBuilder },
        folder: join(own, 'jobs'),
        policy: { pricePerSecond: isCrook ? 900n : 1_000n },
        timing
      })
    })
  const [builder, ...workers] = ['builder', 'worker-1', 'worker-2'].map(node) as [WorkingNode, ...WorkingNode[]]
  const crooks = { worker: node('crooked worker'), builder: node('crooked builder') }
  const honest = [builder, ...workers]
  for (const one of [...honest, crooks.worker, crooks.builder]) await one.start()
  // A version is drawn from once its block is confirmed.
  await time.pass(6_000)
  mood.isCrooked = true
  return {
    ...time,
    clock,
    wires,
    weather,
    chain,
    honest,
    builder,
    workers,
    crooks,
    mood,
    folder,
    nameOf: address => addresses.get(address) ?? 'somebody'
  }
}
