import { formatLog, hexToBigInt, keccak256, numberToHex } from 'viem'
import type { Log, PublicClient } from 'viem'
import { z } from 'zod'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { ChainError } from '../errors/index.ts'

/** A block as a follower needs it. */
export interface Header {
  readonly number: bigint
  readonly hash: Hex
  readonly parent: Hex
  readonly timestamp: bigint
  /** Whether the block may hold a log of one of the contracts; undefined where the RPC gives no bloom. */
  readonly mayHold?: boolean
}
export type MinedLog = Log<bigint, number, false> & { readonly blockHash: Hex }

/** What a follower asks an RPC for, with nothing believed that was not looked at. */
export interface Source {
  chainId(): Promise<number>
  head(): Promise<Header>
  /** Undefined if this node of the RPC does not have it. */
  header(block: bigint): Promise<Header | undefined>
  /** Logs of the contracts in these blocks, both included. Asked for once: a refusal is the caller's to judge. */
  logs(from: bigint, to: bigint): Promise<MinedLog[]>
}

const quantity = z.string().regex(/^0x[0-9a-f]{1,16}$/i)
const hash = z.string().regex(/^0x[0-9a-f]{64}$/i)
const blockSchema = z.looseObject({
  number: quantity,
  hash,
  parentHash: hash,
  timestamp: quantity,
  logsBloom: z
    .string()
    .regex(/^0x[0-9a-f]{512}$/i)
    .optional()
})
const logSchema = z.looseObject({
  address: z.string().regex(/^0x[0-9a-f]{40}$/i),
  topics: z.array(hash).max(4),
  data: z.string().regex(/^0x([0-9a-f]{2})*$/i),
  blockNumber: quantity,
  blockHash: hash,
  transactionHash: hash,
  logIndex: quantity,
  removed: z.literal(false).optional()
})

const lower = (text: string): Hex => text.toLowerCase() as Hex

/** Bits of a bloom filter that an entry sets: three of eleven bits each from its hash. */
function bitsOf(entry: Hex): number[] {
  const bytes = keccak256(entry, 'bytes')
  return [0, 2, 4].map(i => (((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)) & 2047)
}
function inBloom(bloom: string, bits: readonly number[]): boolean {
  return bits.every(bit => {
    const nibble = Number.parseInt(bloom[bloom.length - 1 - (bit >> 2)] ?? '0', 16)
    return ((nibble >> (bit & 3)) & 1) === 1
  })
}

/** @throws ChainError `chain.inconsistent` for an answer that no sound RPC gives */
export function createSource(client: PublicClient, addresses: readonly Address[]): Source {
  const wanted = new Set(addresses)
  const bits = addresses.map(bitsOf)
  const wrong = (what: string, cause?: unknown): ChainError =>
    new ChainError('chain.inconsistent', `the RPC's answer is not ${what}`, { cause })

  function headerOf(answer: unknown, block?: bigint): Header | undefined {
    if (answer === null || answer === undefined) return undefined
    const parsed = blockSchema.safeParse(answer)
    if (!parsed.success) throw wrong('a block', parsed.error)
    const { number, hash, parentHash, timestamp, logsBloom } = parsed.data
    if (block !== undefined && hexToBigInt(number as Hex) !== block) throw wrong('the block that was asked for')
    return {
      number: hexToBigInt(number as Hex),
      hash: lower(hash),
      parent: lower(parentHash),
      timestamp: hexToBigInt(timestamp as Hex),
      ...(logsBloom === undefined ? {} : { mayHold: bits.some(one => inBloom(logsBloom, one)) })
    }
  }

  return {
    chainId: () => client.getChainId(),
    async head() {
      const head = headerOf(await client.request({ method: 'eth_getBlockByNumber', params: ['latest', false] }))
      if (head === undefined) throw wrong('a block')
      return head
    },
    async header(block) {
      const params: [Hex, false] = [numberToHex(block), false]
      return headerOf(await client.request({ method: 'eth_getBlockByNumber', params }), block)
    },
    async logs(from, to) {
      const answer: unknown = await client.request(
        {
          method: 'eth_getLogs',
          params: [{ address: [...addresses], fromBlock: numberToHex(from), toBlock: numberToHex(to) }]
        },
        { retryCount: 0 }
      )
      const parsed = z.array(logSchema).safeParse(answer)
      if (!parsed.success) throw wrong('a list of mined logs', parsed.error)
      const logs: MinedLog[] = []
      const seen = new Set<string>()
      for (const raw of parsed.data) {
        const log = formatLog(raw as unknown as Parameters<typeof formatLog>[0])
        const { blockNumber, blockHash, logIndex, transactionHash } = log
        if (blockNumber === null || blockHash === null || logIndex === null || transactionHash === null)
          throw wrong('mined logs')
        // [reject] Logs are the contracts', of the blocks that were asked for, each once.
        const key = `${blockNumber}/${logIndex}`
        if (!wanted.has(lower(log.address)) || blockNumber < from || blockNumber > to || seen.has(key))
          throw wrong('what was asked for')
        seen.add(key)
        logs.push({ ...log, blockNumber, logIndex, transactionHash, blockHash: lower(blockHash) } as MinedLog)
      }
      return logs
    }
  }
}
