import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { contentHash, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { signStatement } from '../../../protocol/crypto/index.ts'
import type { Addresses, Anvil } from '../../../node/chain/index.ts'
import { createJobsService } from '../../../node/jobs/index.ts'
import type { JobEvents, JobsDeps, JobsService, JobsTiming } from '../../../node/jobs/index.ts'
import { coin, peersOf, startWorld } from '../../harness/index.ts'
import type { Make, Peer, Resident } from '../../harness/index.ts'
import { settings, versions } from './version.ts'

export { coin } from '../../harness/index.ts'
export { players, rows, settings } from './version.ts'

// A network for this phase: real libp2p, real store, a real chain with an anchored version; the engine is the test's.

export const tinyModel = join(import.meta.dirname, '../../vectors/parity/llama-tied')

export interface PeerOptions {
  engine: JobsDeps['engine']
  roles?: JobsDeps['roles']
  policy?: JobsDeps['policy']
  timing?: Partial<JobsTiming>
  log?: JobsDeps['log']
  /** What stands between the service and the parts it uses. */
  change?: (deps: JobsDeps) => JobsDeps
}
export type TestPeer = Peer<JobsService, JobEvents, PeerOptions>

export interface TestNetwork {
  readonly anvil: Anvil
  readonly addresses: Addresses
  readonly datanet: Hex
  readonly builder: TestPeer
  /** CID of the tiny model's folder, which the builder provides. */
  readonly base: string
  addPeer(name: string, options: PeerOptions): Promise<TestPeer>
  /** An account with money and a folder, for a peer that somebody else runs. */
  addAccount(name: string): Promise<Resident>
  kill(peer: TestPeer): Promise<void>
  /** Starts a killed peer again on its data folder. */
  revive(peer: TestPeer, options: PeerOptions): Promise<void>
  stop(): Promise<void>
}

const quick: JobsTiming = { bidMs: 4_000, aliveMs: 200, silenceMs: 8_000, announceMs: 500, tickMs: 50 }

export const makeService: Make<JobsService, JobEvents, PeerOptions> = (common, { folder }, options) => {
  const deps: JobsDeps = {
    ...common,
    log: options.log ?? common.log,
    roles: options.roles ?? { builder: false, worker: true },
    engine: options.engine,
    versions,
    folder: join(folder, 'jobs'),
    timing: { ...quick, ...options.timing },
    ...(options.policy === undefined ? {} : { policy: options.policy })
  }
  return createJobsService(options.change?.(deps) ?? deps)
}

/** A version of three contributors' rows, anchored by the builder. */
async function anchorVersion({ chain, address, key }: TestPeer): Promise<Hex> {
  const created = { rules: contentHash('rules'), createdAt: 1n, validators: [{ address, weight: 1n }] }
  const { datanet } = await chain.datanets.create(created)
  const version = {
    datanet,
    version: 1,
    root: zeroHash.replace('00', '11') as Hex,
    count: 3,
    cid: 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
  }
  await chain.datanets.anchorVersion(version, signStatement(chain.network, 'Version', version, key).signature)
  return datanet
}

/** @returns CID of the tiny model's folder, with a tokenizer */
async function addBase(builder: TestPeer, folder: string): Promise<string> {
  await mkdir(folder)
  for (const file of ['config.json', 'model.safetensors']) await cp(join(tinyModel, file), join(folder, file))
  for (const file of ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja'])
    await cp(join(tinyModel, '../tokenizer', file), join(folder, file))
  return builder.node.files.addDirectory(folder)
}

export async function startNetwork(builderOptions: PeerOptions): Promise<TestNetwork> {
  const world = await startWorld('jobs')
  const peers = peersOf(world, makeService)
  const builder = await peers.add('builder', {
    ...builderOptions,
    roles: builderOptions.roles ?? { builder: true, worker: false }
  })
  return {
    anvil: world.anvil,
    addresses: world.addresses,
    datanet: await anchorVersion(builder),
    builder,
    base: await addBase(builder, join(world.root, 'model')),
    addPeer: (name, options) => peers.add(name, options),
    addAccount: name => peers.resident(name),
    kill: peer => peers.kill(peer),
    revive: (peer, options) => peers.revive(peer, options),
    stop: () => world.stop()
  }
}

export const request = ({ base, datanet }: Pick<TestNetwork, 'base' | 'datanet'>) => ({
  base,
  datanet,
  version: 1,
  settings,
  coalitions: 8,
  budget: 50n * coin,
  deadlineSeconds: 600,
  bidSeconds: 20,
  expectedBids: 2
})
