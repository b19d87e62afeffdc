import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { lastOf, run } from '../programs.ts'

export interface Kubo {
  readonly peerId: string
  /** Where it can be dialled. */
  readonly address: string
  /** Runs a command of it. @throws with what it said */
  ipfs(args: readonly string[], input?: string): Promise<string>
  /** Runs one that writes bytes, into a file. */
  ipfsTo(args: readonly string[], path: string): Promise<void>
  stop(): Promise<void>
}

/** Kubo with a repository of its own, that knows nobody. `secp256k1`: with a key as this network's nodes have. */
export async function startKubo(program: string, folder: string, keyType: 'secp256k1' | 'Ed25519'): Promise<Kubo> {
  const env = { IPFS_PATH: join(folder, `kubo-${keyType}`) }
  async function ipfs(args: readonly string[], input?: string): Promise<string> {
    const { code, output } = await run(program, args, { cwd: folder, env, ...(input === undefined ? {} : { input }) })
    if (code !== 0) throw new Error(`ipfs ${args.join(' ')}: ${lastOf(output)}`)
    return output.trim()
  }
  await ipfs(['init', '--profile', 'test'])
  const file = join(env.IPFS_PATH, 'config')
  const config = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>
  // `ipfs init` makes RSA and Ed25519 keys only; its libp2p takes any.
  const key = await generateKeyPair(keyType)
  const peerId = peerIdFromPrivateKey(key).toString()
  const changed = {
    ...config,
    Identity: { PeerID: peerId, PrivKey: Buffer.from(privateKeyToProtobuf(key)).toString('base64') },
    AutoConf: { Enabled: false },
    Bootstrap: [],
    DNS: { Resolvers: {} },
    Ipns: {},
    Routing: { Type: 'none' },
    Addresses: { Swarm: ['/ip4/127.0.0.1/tcp/0'], API: '/ip4/127.0.0.1/tcp/0', Gateway: [] }
  }
  await writeFile(file, JSON.stringify(changed))
  const child = spawn(program, ['daemon'], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-10_000)
    })
  let over = false
  const ended = new Promise<void>(resolve => {
    child.on('close', () => {
      over = true
      resolve()
    })
  })
  while (!said.includes('Daemon is ready')) {
    if (over) throw new Error(`kubo did not start: ${lastOf(said)}`)
    await sleep(100)
  }
  const { Addresses: addresses = [] } = JSON.parse(await ipfs(['id'])) as { Addresses?: string[] }
  return {
    peerId,
    address: addresses.find(one => one.startsWith('/ip4/127.0.0.1/tcp/')) ?? '',
    ipfs,
    async ipfsTo(args, path) {
      const writing = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'ignore'] })
      await pipeline(writing.stdout, createWriteStream(path))
    },
    async stop() {
      child.kill()
      await ended
    }
  }
}
