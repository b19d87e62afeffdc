import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder } from '../../make-folder.ts'
import { createChain, deploy } from '../../../node/chain/index.ts'
import type { Anvil } from '../../../node/chain/index.ts'
import { writeWhole } from '../../../node/store/whole-file.ts'
import { addressOfKey } from '../../../protocol/crypto/index.ts'
import { toHex } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import { networkFile } from '../../config/index.ts'
import type { NetworkFile } from '../../config/index.ts'
import { createKeystore, openKeystore } from '../../keys/index.ts'
import { writePrivate } from '../../private-file.ts'
import { networkFileOf } from './folder.ts'
import { members } from './members.ts'
import type { Member } from './members.ts'

const gas = 10n ** 18n
const policy = {
  minStake: 100n * 10n ** 18n,
  disputeSeconds: 30,
  unbondSeconds: 8 * 86_400,
  rosterSeconds: 60,
  // Once all who were drawn have committed there is nothing to wait for; blocks come only with transactions here.
  commitSeconds: 120,
  revealSeconds: 3,
  juryRevealSeconds: 60,
  // Words of all who were drawn end it sooner.
  auditSeconds: 600,
  drawBlocks: 0
} as const

interface Founded {
  member: Member
  folder: string
  address: Address
  privateKey: Uint8Array
}

async function foundMember(root: string, member: Member): Promise<Founded> {
  const folder = join(root, member.name)
  await makeFolder(folder)
  const passphrase = randomBytes(18).toString('base64url')
  await writeFile(join(folder, 'passphrase'), passphrase, { mode: 0o600 })
  const { address, privateKey } = await createKeystore(join(folder, 'key.json'), passphrase, { strength: 'light' })
  return { member, folder, address, privateKey }
}

/**
 * What a network is before its first daemon starts: contracts, keys, tokens and stakes, and the file that says so. That
 * is written last: a folder with it holds a network that can be taken up.
 */
export async function foundNetwork(
  root: string,
  anvil: Anvil,
  { challengeSeconds, onStep }: { challengeSeconds: number; onStep: (text: string) => void }
): Promise<NetworkFile> {
  onStep('deploying the contracts')
  const rpc = anvil.rpcUrl
  const contracts = await deploy({ rpcUrl: rpc, privateKey: anvil.faucetKey, challengeSeconds, ...policy })
  const chain = await createChain({ rpcUrl: rpc, addresses: contracts, privateKey: anvil.faucetKey })
  try {
    onStep('making keys, giving them tokens and stakes')
    const founded = await Promise.all(members.map(member => foundMember(root, member)))
    // Side by side: each transaction is waited for, and those of one account come one after another anyway.
    await Promise.all(
      founded.map(async ({ address, member, privateKey }) => {
        await Promise.all([chain.tokens.sendGas(address, 100n * gas), chain.tokens.transfer(address, member.tokens)])
        if (!member.roles.some(role => role === 'validator' || role === 'worker' || role === 'settler')) return
        const own = await createChain({ rpcUrl: rpc, addresses: contracts, privateKey: toHex(privateKey) })
        await own.nodes.stake(policy.minStake)
        await own.stop()
      })
    )
    const file = networkFile.parse({
      version: 1,
      preset: 'local',
      chain: { rpc, chainId: chain.network.chainId, contracts },
      policy: { ...policy, minStake: policy.minStake.toString(), challengeSeconds },
      daemons: founded.map(({ member: { name, roles }, folder, address }) => ({
        name,
        data: folder,
        roles,
        api: '',
        address
      }))
    })
    await writeNetworkFile(root, file)
    return file
  } finally {
    await chain.stop()
  }
}

export async function writeNetworkFile(root: string, file: NetworkFile): Promise<void> {
  await writeWhole(networkFileOf(root), JSON.stringify(file, null, 2))
}

/**
 * The account of somebody who is no daemon: contributors sign with their own keys, no daemon sees them. The same name
 * is the same person in every round.
 */
export async function makePerson(
  folder: string,
  name: string
): Promise<{ name: string; address: Address; privateKey: Uint8Array }> {
  const [path, passphrasePath] = ['json', 'passphrase'].map(kind => join(folder, 'people', `${name}.${kind}`)) as [
    string,
    string
  ]
  const known = await readFile(passphrasePath, 'utf8').catch(() => undefined)
  const passphrase = known ?? randomBytes(18).toString('base64url')
  // Written before the key: a key whose passphrase is not kept is no key.
  if (known === undefined) await writePrivate(passphrasePath, passphrase)
  const { privateKey } = existsSync(path)
    ? await openKeystore(path, passphrase)
    : await createKeystore(path, passphrase, { strength: 'light' })
  return { name, address: addressOfKey(privateKey), privateKey }
}
