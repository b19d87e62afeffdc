// Golden vectors that Solidity and TypeScript both must meet: node scripts/contract-vectors.ts
// Statements come from protocol/crypto; the sum trees are computed here from the rule alone (see SumTree.sol), so that
// neither implementation is measured against itself. The output is deterministic and committed in test/vectors.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { concat, encodeAbiParameters, keccak256, numberToHex, stringToHex } from 'viem'
import { escrowId, feeParts, modelId, upstreamParts } from '../protocol/contracts/index.ts'
import { addressOfKey, digest, signStatement, structHash } from '../protocol/crypto/index.ts'
import type { Message, Network, StatementType } from '../protocol/crypto/index.ts'
import { payOf } from '../protocol/jobs/index.ts'
import { fromHex, toHex, zeroHash } from '../protocol/primitives/index.ts'
import type { Address, Hex } from '../protocol/primitives/index.ts'

const out = join(import.meta.dirname, '..', 'test', 'vectors')
const hash = (label: string): Hex => keccak256(stringToHex(label))
const write = (file: string, content: unknown): void => {
  writeFileSync(
    join(out, file),
    `${JSON.stringify(content, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value), 1)}\n`
  )
}

// Statements

const network: Network = { chainId: 31337, registry: '0xe7f1725e7734ce288f8367e1bb143e90bb3f0512' }
const privateKey = hash('tilth test key')
const signer = addressOfKey(fromHex(privateKey))
const messages: Partial<{ [T in StatementType]: Message<T> }> = {
  Datanet: { host: signer, rules: hash('rules'), createdAt: 1_795_000_000n },
  Commitment: {
    datanet: hash('datanet'),
    contributor: signer,
    commitment: hash('commitment'),
    rules: hash('rules'),
    deadline: 1_795_000_003n,
    bond: 5n * 10n ** 18n + 3n,
    bondSeconds: 172_801n
  },
  Questions: {
    datanet: hash('datanet'),
    writer: signer,
    roster: 7,
    keyHash: hash('key'),
    questions: hash('questions'),
    keys: hash('keys'),
    deadline: 1_795_000_004n
  },
  Vote: {
    contribution: hash('contribution'),
    validator: signer,
    accept: true,
    outcome: hash('outcome'),
    salt: hash('salt')
  },
  Version: {
    datanet: hash('datanet'),
    version: 3,
    root: hash('root'),
    count: 7,
    cid: 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
  },
  Release: { escrow: hash('escrow'), worker: '0x00000000000000000000000000000000000000aa', amount: (1n << 255n) + 5n },
  Voucher: { channel: hash('channel'), cumulative: 123_456_789_012_345_678_901n },
  Receipt: {
    channel: hash('channel'),
    sequence: (1n << 64n) - 1n,
    previous: hash('previous'),
    model: hash('model'),
    request: hash('request'),
    response: hash('response'),
    inputTokens: 17,
    outputTokens: 4_294_967_295,
    fee: 10n ** 18n + 1n,
    total: 10n ** 20n + 7n,
    seed: 42n,
    startedAt: 1_795_000_001n,
    finishedAt: 1_795_000_002n,
    confidential: true
  }
}
const statements = Object.fromEntries(
  Object.entries(messages).map(([name, message]) => {
    const type = name as StatementType
    const { signature } = signStatement(network, type, message as Message<StatementType>, fromHex(privateKey))
    return [
      type,
      {
        message,
        structHash: toHex(structHash(type, message as Message<StatementType>)),
        digest: digest(network, type, message as Message<StatementType>),
        signature
      }
    ]
  })
)

// Sum trees

interface Node {
  hash: Hex
  sum: bigint
}
const word = (value: bigint): Hex => numberToHex(value, { size: 32 })
const empty: Node = { hash: word(0n), sum: 0n }
const leafOf = (content: Hex, sum: bigint): Node => ({ hash: keccak256(concat(['0x00', content, word(sum)])), sum })
const parentOf = (left: Node, right: Node): Node => ({
  hash: keccak256(concat(['0x01', left.hash, word(left.sum), right.hash, word(right.sum)])),
  sum: left.sum + right.sum
})

/** All levels from the leaves to the root, each odd one filled up with the empty node. */
function levelsOf(leaves: Node[]): Node[][] {
  const levels = [leaves.length === 0 ? [empty] : leaves]
  for (let level = levels[0] ?? []; level.length > 1;) {
    if (level.length % 2 === 1) level.push(empty)
    const above: Node[] = []
    for (let i = 0; i < level.length; i += 2) above.push(parentOf(level[i] ?? empty, level[i + 1] ?? empty))
    levels.push(above)
    level = above
  }
  return levels
}

const trees = [0, 1, 2, 3, 5, 8, 13].map(count => {
  const leaves = Array.from({ length: count }, (_, i) => ({
    content: hash(`content ${count} ${i}`),
    sum: i === 1 ? 0n : BigInt(i + 1) * 10n ** BigInt((3 * i) % 30)
  }))
  const levels = levelsOf(leaves.map(({ content, sum }) => leafOf(content, sum)))
  const proofs = leaves.map((_, index) => ({
    index,
    siblings: levels.slice(0, -1).map((level, depth) => level[(index >> depth) ^ 1] ?? empty)
  }))
  return {
    count,
    leaves,
    leafHashes: leaves.map(({ content, sum }) => leafOf(content, sum).hash),
    root: levels.at(-1)?.[0] ?? empty,
    proofs
  }
})

const receipt = statements['Receipt']
if (receipt === undefined) throw new TypeError('no receipt')
const workerSignature = signStatement(
  network,
  'Receipt',
  messages.Receipt as Message<'Receipt'>,
  fromHex(hash('tilth other key'))
).signature

// Many of each, of any width: what one example by hand would not find.

const word256 = (label: string): bigint => BigInt(hash(label))
const uint = (label: string, bits: number): bigint => word256(label) >> BigInt(256 - bits)
const account = (label: string): Address => `0x${hash(label).slice(2, 42)}`
const times = <T>(count: number, make: (name: string) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(`${i}`))

const receipts = times(16, name => {
  const message: Message<'Receipt'> = {
    channel: hash(`channel ${name}`),
    sequence: uint(`sequence ${name}`, 64),
    previous: hash(`previous ${name}`),
    model: hash(`model ${name}`),
    request: hash(`request ${name}`),
    response: hash(`response ${name}`),
    inputTokens: Number(uint(`input ${name}`, 32)),
    outputTokens: Number(uint(`output ${name}`, 32)),
    fee: word256(`fee ${name}`),
    total: word256(`total ${name}`),
    seed: uint(`seed ${name}`, 64),
    startedAt: uint(`started ${name}`, 64),
    finishedAt: uint(`finished ${name}`, 64),
    confidential: uint(`confidential ${name}`, 1) === 1n
  }
  return { message, structHash: toHex(structHash('Receipt', message)), digest: digest(network, 'Receipt', message) }
})

const escrows = times(8, name => {
  const key = {
    builder: account(`builder ${name}`),
    job: hash(`job ${name}`),
    lot: hash(`lot ${name}`),
    worker: account(`worker ${name}`),
    attempt: Number(uint(`attempt ${name}`, 32))
  }
  return { ...key, id: escrowId(key) }
})

const models = times(8, name => {
  const builder = account(`builder ${name}`)
  const text = (label: string, most: number): string =>
    'Ää√ab cd'.repeat(60).slice(0, Number(uint(`${label} ${name}`, 16)) % most)
  const worker = Number(uint(`split ${name}`, 16)) % 10_001
  const registration = {
    name: text('name', 300),
    base: text('base', 100),
    adapter: text('adapter', 100),
    result: text('result', 100),
    licence: text('licence', 100),
    datanet: hash(`datanet ${name}`),
    version: Number(uint(`version ${name}`, 32)),
    job: hash(`job ${name}`),
    worker: account(`worker ${name}`),
    split: { worker, builder: 10_000 - worker, data: 0, upstream: Number(uint(`share ${name}`, 14)) % 10_001 },
    upstream: hash(`upstream ${name}`)
  }
  return { builder, registration, id: modelId(builder, registration) }
})

/** What a claim pays to whom. */
const splits = times(24, name => {
  const amount = (uint(`amount ${name}`, 72) >> uint(`shift ${name}`, 6)) + 1n
  const worker = Number(uint(`worker share ${name}`, 16)) % 10_001
  const builder = Number(uint(`builder share ${name}`, 16)) % (10_001 - worker)
  const split = { worker, builder, data: 10_000 - worker - builder }
  const { worker: toWorker, builder: toBuilder, data: toData } = feeParts(amount, split, true)
  return { amount, ...split, toWorker, toBuilder, toData }
})

/** What goes up from the model that answers, the first of six: every second one is a base, which has no data. */
const upstream = times(8, name => {
  const amount = (uint(`grown ${name}`, 66) >> uint(`grown shift ${name}`, 6)) + 1n
  const levels = times(6, level => {
    const part = (label: string, most: number): number => Number(uint(`${label} ${name} ${level}`, 16)) % (most + 1)
    const worker = part('worker', 9_000)
    const above = level === '5' ? 0 : part('above', 10_000 - worker)
    const data = Number(level) % 2 === 0 ? part('data', 10_000 - worker - above) : 0
    return { worker, builder: 10_000 - worker - above - data, data, upstream: above }
  })
  const [first, ...line] = levels
  if (first === undefined) throw new RangeError('no model answers')
  const own = feeParts(amount, first, true)
  const up = upstreamParts(
    own.upstream,
    line.map((split, i) => ({ model: hash(`${name} ${i}`), builder: signer, datanet: zeroHash, split }))
  )
  const paid = times(6, level => {
    const part = up[Number(level) - 1]
    if (level === '0') return { toBuilder: own.builder, toData: own.data }
    return { toBuilder: part?.toBuilder ?? 0n, toData: part?.toData ?? 0n }
  })
  return { amount, levels, toWorker: own.worker, paid }
})

/** What auditors are paid for what they say that they ran. */
const auditPay = times(16, name => {
  const seed = hash(`audit ${name}`)
  const panel = times(1 + (Number(name) % 9), one => account(`auditor ${name} ${one}`))
  const segments = 1 + (Number(uint(`segments ${name}`, 16)) % 16)
  const fee = uint(`fee ${name}`, 80)
  const runs = panel.map(one => Number(uint(`runs ${name} ${one}`, 16)) & ((1 << segments) - 1))
  const words = panel.map((auditor, i) => ({ auditor, runs: runs[i] ?? 0 }))
  return { seed, panel, segments, fee, runs, pay: payOf({ seed, panel, words }, { segments, fee }) }
})

mkdirSync(out, { recursive: true })
write('many.json', {
  about:
    'Many made-up receipts, escrows, models, splits, lines of models and pays (scripts/contract-vectors.ts); ' +
    'wide integers are decimal text',
  network,
  receipts,
  escrows,
  models,
  splits,
  upstream,
  auditPay
})
write('statements.json', {
  about: 'EIP-712 statements: digests and signatures (scripts/contract-vectors.ts)',
  network,
  privateKey,
  signer,
  statements
})
write('sum-tree.json', {
  about: 'Merkle sum trees by the rule in SumTree.sol (scripts/contract-vectors.ts); sums are decimal text',
  receiptLeaf: {
    digest: receipt.digest,
    clientSignature: receipt.signature,
    workerSignature,
    content: keccak256(concat([receipt.digest, keccak256(receipt.signature), keccak256(workerSignature)]))
  },
  payoutLeaf: { account: signer, content: keccak256(encodeAbiParameters([{ type: 'address' }], [signer])) },
  trees
})
