import {
  BaseError,
  decodeErrorResult,
  HttpRequestError,
  RpcRequestError,
  TimeoutError,
  WebSocketRequestError
} from 'viem'
import { TilthError } from '../../../protocol/primitives/index.ts'
import type { Consequence, Hex, TilthErrorOptions } from '../../../protocol/primitives/index.ts'
import { helpOf } from './help.ts'
import { refusalAbi } from './refusals.ts'
import type { RefusalName } from './refusals.ts'
import { refusalText } from './words.ts'

/** What can go wrong with a chain, each with what it means to the caller. */
const consequences = {
  'chain.unreachable': 'retry', // the RPC does not answer
  'chain.rpc': 'retry', // it answers with an error that is no contract's
  'chain.reverted': 'reject', // a contract refused; details.error is its name, details.args what it said
  'chain.gas': 'reject', // the account cannot pay for the transaction
  'chain.read-only': 'reject', // a write without a key
  'chain.faucet': 'reject', // nobody gives anything away here
  'chain.url': 'fatal', // no URL that an RPC can have
  'chain.deployment': 'fatal', // it is not known where to begin to read
  'chain.windows': 'reject', // stake would be gone before what it answers for can be shown
  'chain.network': 'fatal', // the contracts are not where the addresses say
  'chain.version': 'fatal', // they are, and are of another version
  'chain.timeout': 'retry', // a transaction was sent and is not mined yet
  'chain.nonce': 'retry', // a transaction was sent, and another of the same account took its place
  'chain.event': 'retry', // a mined transaction lacks its event: other contracts than ours
  'chain.stopped': 'retry',
  'chain.behind': 'retry', // the node has not read up to the chain's head yet
  'chain.ranges': 'retry', // the RPC does not give the logs of a single block
  'chain.inconsistent': 'retry', // two answers of the RPC contradict each other
  'chain.diverged': 'retry', // the chain left what was final here
  'anvil.binary': 'fatal',
  'anvil.port': 'fatal',
  'anvil.died': 'fatal',
  'anvil.state': 'fatal'
} as const satisfies Record<string, Consequence>
export type ChainErrorCode = keyof typeof consequences

export class ChainError extends TilthError {
  declare readonly code: ChainErrorCode
  constructor(code: ChainErrorCode, message: string, options: TilthErrorOptions = {}) {
    super(code, message, { consequence: consequences[code], ...options })
  }
}

/** @returns the bytes a contract reverted with, if that is what the error is about */
function revertData(error: unknown): Hex | undefined {
  if (!(error instanceof BaseError)) return undefined
  let data: Hex | undefined
  error.walk(cause => {
    const found = (cause as { data?: unknown }).data
    const inner = typeof found === 'object' && found !== null ? (found as { data?: unknown }).data : found
    if (typeof inner === 'string' && /^0x([0-9a-f]{2})*$/i.test(inner)) data = inner as Hex
    return false
  })
  return data
}

/**
 * Any failure of an RPC call as a ChainError: a contract's own error by name with its help, an account without gas, a
 * dead RPC.
 * @param what the sentence's subject, for instance `claim from channel 0x…`
 */
export function chainError(what: string, error: unknown): ChainError {
  if (error instanceof ChainError) return error
  const data = revertData(error)
  if (data !== undefined && data !== '0x') return refusal(what, data)
  const walk = <T>(match: (cause: unknown) => cause is T): T | undefined =>
    error instanceof BaseError ? ((error.walk(match) as T | null) ?? undefined) : undefined
  const text = error instanceof BaseError ? `${error.shortMessage} ${error.details}` : String(error)
  if (/insufficient (funds|balance for transfer|max fee)/i.test(text)) {
    return new ChainError('chain.gas', `${what}: the account cannot pay for gas`, {
      help:
        "Send some of the chain's own coin to the node's address: `tilth wallet balance` shows it, and another node " +
        'sends by `tilth wallet send ADDRESS AMOUNT --coin`. On a local network: `tilth wallet fund --local`.',
      details: { said: text }
    })
  }
  if (/execution reverted|reverted/i.test(text)) {
    return new ChainError('chain.reverted', `${what} was refused without a reason`, {
      help: 'Check that the contract addresses belong to this chain.',
      cause: error,
      details: { error: 'unknown' }
    })
  }
  if (walk((cause): cause is RpcRequestError => cause instanceof RpcRequestError) !== undefined) {
    return new ChainError(
      'chain.rpc',
      `${what}: ${error instanceof BaseError ? error.details || error.shortMessage : text}`,
      { cause: error }
    )
  }
  if (
    walk(
      (cause): cause is HttpRequestError | TimeoutError | WebSocketRequestError =>
        cause instanceof HttpRequestError || cause instanceof TimeoutError || cause instanceof WebSocketRequestError
    ) !== undefined
  ) {
    return new ChainError('chain.unreachable', `${what}: the chain's RPC does not answer`, {
      help: 'Check that the chain runs and that the RPC URL is right; the call can be made again.',
      cause: error
    })
  }
  return new ChainError('chain.rpc', `${what}: ${error instanceof BaseError ? error.shortMessage : text}`, {
    cause: error
  })
}

function refusal(what: string, data: Hex): ChainError {
  try {
    const { errorName, args } = decodeErrorResult({ abi: refusalAbi, data })
    const said = (args ?? []).map(String)
    // What the RPC said besides is the same in other letters.
    return new ChainError('chain.reverted', refusalText(what, errorName, said), {
      help: helpOf(errorName),
      details: { error: errorName, args: said }
    })
  } catch (undecodable) {
    return new ChainError('chain.reverted', `${what} was refused with ${data.slice(0, 74)}`, {
      cause: undecodable,
      details: { error: 'unknown', data }
    })
  }
}

/** Whether a call failed because a contract refused with that error. */
export function refusedWith(error: unknown, ...names: readonly RefusalName[]): boolean {
  return (
    error instanceof ChainError &&
    error.code === 'chain.reverted' &&
    names.some(name => name === error.details['error'])
  )
}
