import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { keccak256, serializeTransaction } from 'viem'
import type { PublicClient, TransactionReceipt, TransactionSerializableEIP1559 } from 'viem'
import { addressOfKey, signDigest } from '../../../protocol/crypto/index.ts'
import { fromHex } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { ChainError, chainError } from '../errors/index.ts'

/** How long a sent transaction may stay unmined before the caller is told. */
const minedWithinMs = 120_000
/** How long what is under way may take once the client is stopped: a dead RPC must not hold the process. */
const stopWithinMs = 5_000
/** Nonces can be taken by another process with the same key between asking and sending. */
const attempts = 4

export interface Sender {
  readonly address: Address
  /** Signs, sends, waits until it is mined; several at once get consecutive nonces in the order of the calls. */
  send(what: string, transaction: { to?: Address; data?: Hex; value?: bigint }): Promise<TransactionReceipt>
  /** Lets what is under way end, refuses more. */
  stop(): Promise<void>
}

export interface SenderOptions {
  client: PublicClient
  chainId: number
  privateKey: Hex
  pollMs: number
}

/**
 * A transaction ready to be sent. Signed as statements are: viem's accounts would bring the word lists of all
 * languages, and elliptic curves once more, into every node's memory.
 */
export function signTransaction(transaction: TransactionSerializableEIP1559, privateKey: Uint8Array): Hex {
  const signature = signDigest(keccak256(serializeTransaction(transaction)), privateKey)
  return serializeTransaction(transaction, {
    r: `0x${signature.slice(2, 66)}`,
    s: `0x${signature.slice(66, 130)}`,
    yParity: Number.parseInt(signature.slice(130), 16) - 27
  })
}

export function createSender({ client, chainId, privateKey, pollMs }: SenderOptions): Sender {
  const key = fromHex(privateKey)
  const address = addressOfKey(key)
  const underWay = new Set<Promise<unknown>>()
  let queue: Promise<unknown> = Promise.resolve()
  let lastMoment = Infinity

  /** Estimating comes first: a contract's refusal costs no gas and no nonce. */
  async function submit(what: string, transaction: { to?: Address; data?: Hex; value?: bigint }): Promise<Hex> {
    for (let attempt = 1; ; attempt++) {
      try {
        const [gas, fees, nonce] = await Promise.all([
          client.estimateGas({ account: address, ...transaction }),
          client.estimateFeesPerGas(),
          client.getTransactionCount({ address, blockTag: 'pending' })
        ])
        // A fifth more: what is mined in between may make a storage slot dearer. And a little by chance, so that two
        // processes with one key that do the same thing at the same time make two transactions and not one twice.
        const raw = signTransaction(
          {
            ...transaction,
            chainId,
            nonce,
            gas: gas + gas / 5n + BigInt(randomInt(4096)),
            type: 'eip1559',
            maxFeePerGas: fees.maxFeePerGas,
            maxPriorityFeePerGas: fees.maxPriorityFeePerGas
          },
          key
        )
        return await broadcast(what, raw)
      } catch (error) {
        const nonceTaken = /nonce too low|replacement transaction underpriced|already known|already imported/i.test(
          String(error)
        )
        if (!nonceTaken || attempt === attempts) throw chainError(what, error)
        await sleep(pollMs * attempt)
      }
    }
  }

  /**
   * A connection may break before the node took the transaction, or after: the same one is sent again until the chain
   * has it or says no to it. Signed anew it would be another one, and what was asked for might be done twice.
   */
  async function broadcast(what: string, raw: Hex): Promise<Hex> {
    const hash = keccak256(raw)
    const until = Date.now() + minedWithinMs
    for (;;) {
      try {
        return await client.sendRawTransaction({ serializedTransaction: raw })
      } catch (error) {
        const there = await client.getTransaction({ hash }).then(
          () => true,
          () => false
        )
        if (there) return hash
        const away = chainError(what, error).code === 'chain.unreachable'
        if (!away || Date.now() > Math.min(until, lastMoment)) throw error
      }
      await sleep(pollMs)
    }
  }

  async function wait(what: string, hash: Hex): Promise<TransactionReceipt> {
    const until = Date.now() + minedWithinMs
    let problem: unknown
    do {
      try {
        return await client.getTransactionReceipt({ hash })
      } catch (error) {
        problem = error
      } // not mined yet, or the RPC is away for a moment
      await sleep(pollMs)
    } while (Date.now() < Math.min(until, lastMoment))
    throw new ChainError('chain.timeout', `${what}: transaction ${hash} is not mined yet`, {
      help: 'Look whether the chain makes blocks; the transaction may still go through.',
      cause: problem,
      details: { transaction: hash }
    })
  }

  async function run(
    what: string,
    transaction: { to?: Address; data?: Hex; value?: bigint }
  ): Promise<TransactionReceipt> {
    const submitted = queue.then(() => submit(what, transaction))
    // the next one goes on whatever became of this one; the caller gets the error
    queue = submitted.catch(() => undefined)
    const receipt = await wait(what, await submitted)
    if (receipt.status === 'reverted') {
      // Estimated fine and refused when mined: the state changed in between. The call again, at its block, says why.
      await client
        .call({ account: address, ...transaction, blockNumber: receipt.blockNumber })
        .catch((error: unknown) => {
          throw chainError(what, error)
        })
      throw new ChainError('chain.reverted', `${what} was refused when it was mined`, {
        details: { error: 'unknown', transaction: receipt.transactionHash }
      })
    }
    return receipt
  }

  return {
    address,
    send(what, transaction) {
      if (lastMoment < Infinity)
        return Promise.reject(new ChainError('chain.stopped', `${what}: the chain client has been stopped`))
      const running = run(what, transaction)
      underWay.add(running)
      return running.finally(() => underWay.delete(running))
    },
    async stop() {
      lastMoment = Math.min(lastMoment, Date.now() + stopWithinMs)
      await Promise.allSettled(underWay)
    }
  }
}
