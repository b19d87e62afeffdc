import { z } from 'zod'
import { InvalidError, RefusedError, readAs } from '../protocol/primitives/index.ts'
import type { AskRequest, ConnectOptions } from './types.ts'

// What a program gives, which types keep right only where it has them: a bound that is misspelt bounds nothing, and one
// in another kind of number fails in the middle of an answer.

const amount = z.custom<bigint>(
  value => typeof value === 'bigint' && value >= 0n,
  'must be a BigInt in the token’s smallest unit, such as 10n ** 18n'
)
const isFunction = (value: unknown): boolean => typeof value === 'function'
const storage = z.custom<ConnectOptions['storage']>(
  value => typeof value === 'object' && value !== null && 'open' in value && isFunction(value.open),
  'must be folderStorage(folder), browserStorage(), or what has their form'
)
/** Also one of another window. */
const signal = z.custom<AbortSignal>(
  value => typeof value === 'object' && value !== null && 'aborted' in value,
  'must be an AbortSignal'
)

const connectForm = z.strictObject({
  network: z.looseObject({
    chain: z.looseObject({ chainId: z.int(), contracts: z.looseObject({}), rpc: z.string().nullish() }),
    bootstrap: z.array(z.string()).optional()
  }),
  wallet: z.unknown().optional(),
  storage,
  peers: z.array(z.string()).optional(),
  rpc: z.string().optional(),
  limits: z.strictObject({ perAsk: amount.optional(), perDay: amount.optional() }).optional(),
  confirmations: z.int().min(0).optional(),
  patience: z.number().positive().optional(),
  log: z.custom<ConnectOptions['log']>(isFunction, 'must be a function').optional()
})

/** Of a question, what costs and whom: its text and wishes are read with it. */
const askForm = z.looseObject({ maxFee: amount.optional(), signal: signal.optional() })
const askFields: Readonly<Record<keyof AskRequest, true>> = {
  model: true,
  messages: true,
  maxTokens: true,
  maxFee: true,
  temperature: true,
  topK: true,
  topP: true,
  seed: true,
  stop: true,
  private: true,
  hedge: true,
  route: true,
  signal: true
}

/** @throws RefusedError `client.network`, `client.options` · InvalidError `client.wallet` */
export function checkConnect(options: unknown): void {
  try {
    readAs(connectForm, options, 'client.options')
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error
    const [first] = error.refusals
    if (first?.path[0] === 'network')
      throw new RefusedError('client.network', error.refusals, {
        help: 'Give the whole network.json of whoever made the network, as JSON.parse reads it.'
      })
    throw new RefusedError('client.options', error.refusals, {
      help: 'See docs/client.md, or the types: `connect` takes network, wallet, storage, limits and a few more.'
    })
  }
  // [reject] A wallet has a key. What stands in its place may be the key itself: it is repeated nowhere.
  const { wallet } = options as { readonly wallet?: unknown }
  if (typeof wallet !== 'object' || wallet === null || !('privateKey' in wallet))
    throw new InvalidError('client.wallet', 'wallet must be an object with a privateKey', {
      help: 'Give { privateKey }: 32 bytes, or them as 0x… in hexadecimal.'
    })
}

/** @throws RefusedError `ask.invalid` */
export function checkAsk(request: unknown): void {
  readAs(askForm, request, 'ask.invalid')
  const other = Object.keys(request as object).find(name => !Object.hasOwn(askFields, name))
  // [reject] A wish that nobody follows is not passed over: it may have been a bound.
  if (other !== undefined)
    throw new RefusedError('ask.invalid', [
      { path: [other], given: undefined, fault: `is unknown here: ${Object.keys(askFields).join(', ')} are known` }
    ])
}
