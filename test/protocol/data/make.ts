import { addressOfKey, digest, signStatement } from '../../../protocol/crypto/index.ts'
import {
  HeldOut,
  RowIndex,
  commitmentOf,
  outcomeOf,
  ownRows,
  parseHeldOut,
  parseShard,
  printRow
} from '../../../protocol/data/index.ts'
import type { CheckInput, ContributionStatements, DatanetRules, Row, Verdict } from '../../../protocol/data/index.ts'
import { fromHex, keccak } from '../../../protocol/primitives/index.ts'
import { agreedTo } from './agreed.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'

// People, statements and shards for the tests of this phase.

export const network = { chainId: 31337, registry: `0x${'11'.repeat(20)}` as Address }
export const datanet = keccak('a datanet')
export const cid = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
export const keyOf = (name: string): Uint8Array => fromHex(keccak(name))
export const addressOf = (name: string): Address => addressOfKey(keyOf(name))

export const rules: DatanetRules = {
  name: 'things',
  description: '',
  licence: 'CC0-1.0',
  maxRows: 5000,
  maxBytes: 1 << 20,
  uploadsPerContributor: 2,
  nearDuplicate: 500,
  minOwnShare: 500,
  validators: ['v1', 'v2', 'v3'].map(name => ({ address: addressOf(name), weight: 1 })),
  heldOut: cid,
  revealSeconds: 60,
  voteSeconds: 60
}

const encoder = new TextEncoder()
export const bytesOf = (text: string): Uint8Array => encoder.encode(text)
export const rowOf = (prompt: string, response: string): Row => ({
  messages: [
    { role: 'user', content: prompt },
    { role: 'assistant', content: response }
  ]
})
export const jsonl = (rows: readonly (readonly [string, string])[]): Uint8Array =>
  bytesOf(rows.map(([prompt, response]) => JSON.stringify({ prompt, response })).join('\n'))
export const heldOutOf = (rows: readonly (readonly [string, string])[]): HeldOut =>
  new HeldOut(parseHeldOut(jsonl(rows)))

export function statementsOf(
  name: string,
  shard: Uint8Array,
  changes: Partial<{ rows: number; bytes: number; revealer: string; salt: Hex }> = {}
): ContributionStatements {
  const contributor = addressOf(name)
  const content = {
    cid,
    rows: changes.rows ?? parseShard(shard).length,
    bytes: changes.bytes ?? shard.length,
    salt: changes.salt ?? keccak(shard)
  }
  const commitment = {
    datanet,
    contributor,
    commitment: commitmentOf({ datanet, contributor, ...content }),
    ...agreedTo()
  }
  return {
    commitment: signStatement(network, 'Commitment', commitment, keyOf(name)),
    reveal: signStatement(
      network,
      'Reveal',
      { contribution: digest(network, 'Commitment', commitment), ...content },
      keyOf(changes.revealer ?? name)
    )
  }
}

export function inputOf(name: string, shard: Uint8Array, changes: Partial<CheckInput> = {}): CheckInput {
  return {
    network,
    statements: statementsOf(name, shard),
    shard,
    rules,
    heldOut: heldOutOf([['What is held out?', 'this']]),
    earlier: new RowIndex(rules.nearDuplicate),
    order: 1,
    uploads: 0,
    ...changes
  }
}

/** Adds an accepted shard's own rows to an index, as a node does. */
export function accept(index: RowIndex, verdict: Verdict, shard: Uint8Array, order: number): void {
  const lines = parseShard(shard)
  for (const row of ownRows(verdict)) {
    const line = lines[row]
    if (line !== undefined && 'row' in line)
      index.add(printRow(line.row), { contribution: verdict.contribution, order, row })
  }
}

export const voteOf = (
  validator: string,
  contribution: Hex,
  accept: boolean,
  own: readonly number[] = [0],
  salt: Hex = keccak(validator)
) =>
  signStatement(
    network,
    'Vote',
    {
      contribution,
      validator: addressOf(validator),
      accept,
      outcome: outcomeOf({ contribution, cid, own }, accept),
      salt
    },
    keyOf(validator)
  )
