import { TransactionNotFoundError, keccak256, serializeTransaction } from 'viem'
import type { PublicClient, TransactionReceipt, TransactionSerializableEIP1559 } from 'viem'
import { addressOfKey, signDigest } from '../../../protocol/crypto/index.ts'
import { fromHex } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { ChainError, chainError } from '../errors/index.ts'
import { systemClock } from '../../runtime/clock.ts'
import type { Mempool, SentTransaction } from '../sent.ts'

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
  /** See Mempool. */
  readonly mempool: Mempool
  /** Lets what is under way end, refuses more. */
  stop(): Promise<void>
}

export interface SenderOptions {
  client: PublicClient
  chainId: number
  privateKey: Hex
  pollMs: number
  /** Told of every transaction that was mined, before its caller is. */
  onMined: (sent: SentTransaction) => Promise<void>
}

/** One that is signed, and its place among the account's. */
interface Signed {
  readonly raw: Hex
  readonly nonce: number
}

/** Looks for a receipt after which is looked whether the transaction is still known at all. */
const looksBetween = 20
/** So many times in a row its place has to be another's before it is given up: a provider's machines are not at one. */
const lostAfter = 3
const nonceTaken = /nonce too low|replacement transaction underpriced/i
const isThere = /already known|already imported/i

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

export function createSender({ client, chainId, privateKey, pollMs, onMined }: SenderOptions): Sender {
  const key = fromHex(privateKey)
  const address = addressOfKey(key)
  const underWay = new Set<Promise<unknown>>()
  let queue: Promise<unknown> = Promise.resolve()
  let lastMoment = Infinity

  /** Estimating comes first: a contract's refusal costs no gas and no nonce. */
  async function submit(what: string, transaction: { to?: Address; data?: Hex; value?: bigint }): Promise<Signed> {
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
            gas: gas + gas / 5n + BigInt(Math.floor(Math.random() * 4096)),
            type: 'eip1559',
            maxFeePerGas: fees.maxFeePerGas,
            maxPriorityFeePerGas: fees.maxPriorityFeePerGas
          },
          key
        )
        await broadcast(what, raw)
        return { raw, nonce }
      } catch (error) {
        const words = String(error)
        if (!(nonceTaken.test(words) || isThere.test(words)) || attempt === attempts) throw chainError(what, error)
        await systemClock.sleep(pollMs * attempt)
      }
    }
  }

  /**
   * A connection may break before the node took the transaction, or after: the same one is sent again until the chain
   * has it or says no to it. Signed anew it would be another one, and what was asked for might be done twice.
   */
  async function broadcast(what: string, raw: Hex): Promise<void> {
    const hash = keccak256(raw)
    const until = Date.now() + minedWithinMs
    let isUnsure = false
    for (;;) {
      try {
        await client.sendRawTransaction({ serializedTransaction: raw })
        return
      } catch (error) {
        const there = await client.getTransaction({ hash }).then(
          () => true,
          () => false
        )
        if (there) return
        // Its place may have been taken by itself, of which this machine of a provider's has not heard.
        if (isUnsure && (nonceTaken.test(String(error)) || isThere.test(String(error)))) return
        const away = chainError(what, error).code === 'chain.unreachable'
        if (!away || Date.now() > Math.min(until, lastMoment)) throw error
        isUnsure = true
      }
      await systemClock.sleep(pollMs)
    }
  }

  const mempool: Mempool = {
    async standing(hash) {
      try {
        const { blockNumber } = await client.getTransaction({ hash })
        return blockNumber ?? 'waiting'
      } catch (error) {
        if (error instanceof TransactionNotFoundError) return undefined
        throw chainError('looking for a transaction', error)
      }
    },
    async again(raw) {
      try {
        await client.sendRawTransaction({ serializedTransaction: raw })
      } catch (error) {
        const words = String(error)
        if (nonceTaken.test(words)) return { taken: true }
        if (!isThere.test(words)) throw chainError('sending a transaction again', error)
      }
      return { taken: false }
    }
  }

  async function wait(what: string, signed: Signed): Promise<TransactionReceipt> {
    const hash = keccak256(signed.raw)
    const until = Date.now() + minedWithinMs
    let problem: unknown
    let lost = 0
    for (let looks = 1; ; looks++) {
      try {
        return await client.getTransactionReceipt({ hash })
      } catch (error) {
        problem = error
      } // not mined yet, or the RPC is away for a moment
      if (looks % looksBetween === 0) lost = (await isLost(hash, signed)) ? lost + 1 : 0
      // [reject] The account's next transactions are mined, and this one is not among them: it never will be.
      if (lost >= lostAfter)
        throw new ChainError('chain.nonce', `${what}: another transaction of this account took its place`, {
          help: 'It was not done. Another process uses the same key: give each its own, then try again.',
          cause: problem,
          details: { transaction: hash }
        })
      await systemClock.sleep(pollMs)
      if (Date.now() >= Math.min(until, lastMoment)) break
    }
    throw new ChainError('chain.timeout', `${what}: transaction ${hash} is not mined yet`, {
      help: 'Look whether the chain makes blocks; the transaction may still go through.',
      cause: problem,
      details: { transaction: hash }
    })
  }

  /**
   * Sends it again where it is known no more: a pool that is full forgets transactions, and so does the end of a
   * provider's node.
   * @returns whether its place is taken by another that is mined
   */
  async function isLost(hash: Hex, { raw, nonce }: Signed): Promise<boolean> {
    try {
      if ((await mempool.standing(hash)) !== undefined || !(await mempool.again(raw)).taken) return false
      return (await client.getTransactionCount({ address, blockTag: 'latest' })) > nonce
    } catch {
      return false // the RPC is away for a moment; it is looked for again
    }
  }

  async function run(
    what: string,
    transaction: { to?: Address; data?: Hex; value?: bigint }
  ): Promise<TransactionReceipt> {
    const submitted = queue.then(() => submit(what, transaction))
    // the next one goes on whatever became of this one; the caller gets the error
    queue = submitted.catch(() => undefined)
    const { raw, nonce } = await submitted
    const receipt = await wait(what, { raw, nonce })
    await onMined({ hash: receipt.transactionHash, raw, nonce, block: receipt.blockNumber })
    if (receipt.status === 'reverted') {
      // Estimated fine and refused when mined: the state changed in between. The call again, at its block, says why.
      await client
        .call({ account: address, ...transaction, blockNumber: receipt.blockNumber })
        .catch((error: unknown) => {
          const { code, message, help, details } = chainError(what, error)
          const sent = { ...details, transaction: receipt.transactionHash }
          throw new ChainError(code, message, { help, details: sent, cause: error })
        })
      throw new ChainError('chain.reverted', `${what} was refused when it was mined`, {
        details: { error: 'unknown', transaction: receipt.transactionHash }
      })
    }
    return receipt
  }

  return {
    address,
    mempool,
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
