import { existsSync } from 'node:fs'
import { access, constants, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { deploy, developmentKey, noteOfAnvil } from '../../node/chain/index.ts'
import { quoted } from '../../node/runtime/quoted.ts'
import { InvalidError, NotFoundError, toHex } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { networkFile } from '../config/index.ts'
import { makeFolder } from '../make-folder.ts'
import type { NetworkFile } from '../config/index.ts'

export interface Policy {
  challengeSeconds: number
  disputeSeconds: number
  unbondSeconds: number
  rosterSeconds: number
  commitSeconds: number
  revealSeconds: number
  drawBlocks: number
  auditSeconds: number
  /** Of the token's smallest unit. */
  minStake: bigint
}

export interface CreateOptions extends Policy {
  rpc: string
  /** Of who pays for the deployment and gets the token's whole supply; without one the development account. */
  privateKey: Uint8Array | undefined
  preset: NetworkFile['preset']
  bootstrap: string[]
  onStep: (text: string) => void
}

/** RPC of the chain that `tilth chain` runs in a folder. @throws NotFoundError `network.chain` */
export async function rpcOfChain(folder: string): Promise<string> {
  const note = await noteOfAnvil(folder)
  if (note !== undefined) return note.rpcUrl
  throw new NotFoundError('network.chain', `no chain runs in ${folder}`, {
    help: `Start one with \`tilth chain --data ${quoted(folder)}\`, or name any other by --rpc URL.`
  })
}

/** Whether only this machine can ask it. */
export const isLocalUrl = (url: string): boolean =>
  URL.canParse(url) && /^(localhost|127\..*|\[::1\])$/.test(new URL(url).hostname)

/**
 * [reject] A file that is there is somebody's network, and what is deployed must be written down.
 * @throws InvalidError `network.exists`, `network.folder`
 */
export async function requireRoom(path: string): Promise<void> {
  if (existsSync(path))
    throw new InvalidError('network.exists', `there is a file at ${path} already`, {
      help: 'Choose another with --output FILE; a network that exists is not made again.'
    })
  try {
    await makeFolder(dirname(path))
    await access(dirname(path), constants.W_OK)
  } catch (cause) {
    throw new InvalidError('network.folder', `${path} cannot be written`, {
      help: 'Check the path and its permissions, or choose another with --output FILE.',
      cause
    })
  }
}

/** Deploys a network's contracts. @throws ChainError as `deploy` */
export async function createNetwork(options: CreateOptions): Promise<NetworkFile> {
  const { rpc, privateKey, preset, bootstrap, onStep, ...policy } = options
  const key: Hex = privateKey === undefined ? await developmentKey() : toHex(privateKey)
  const contracts = await deploy({ rpcUrl: rpc, privateKey: key, ...policy, onStep })
  return networkFile.parse({
    version: 1,
    preset,
    chain: { rpc, chainId: contracts.chainId, contracts },
    bootstrap,
    policy: { ...policy, minStake: policy.minStake.toString() }
  })
}

/** All of it or nothing, and never over another. */
export async function writeNetwork(path: string, file: NetworkFile): Promise<void> {
  await writeFile(path, `${networkText(file)}\n`, { flag: 'wx' })
}

export const networkText = (file: NetworkFile): string => {
  const { daemons, ...shared } = file
  return JSON.stringify(daemons.length === 0 ? shared : file, null, 2)
}
