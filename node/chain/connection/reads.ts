import { BaseError, createPublicClient, custom, RawContractError } from 'viem'
import type { PublicClient } from 'viem'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'

interface Waiting {
  readonly to: Address
  readonly data: Hex
  readonly resolve: (data: Hex | undefined) => void
  readonly reject: (error: unknown) => void
}

/** Most reads in one call. */
const atOnce = 64

/**
 * Reads of contracts: those that are asked for in one turn become one call. Several go in a program that the RPC runs
 * without anything being deployed; where it does not, each goes by itself.
 */
export function createReads(client: PublicClient): (to: Address, data: Hex) => Promise<Hex | undefined> {
  const together = createPublicClient({
    transport: custom({ request: body => client.request(body as Parameters<typeof client.request>[0]) }),
    batch: { multicall: { deployless: true, wait: 0, batchSize: 1 << 16 } },
    cacheTime: 0
  })
  const waiting: Waiting[] = []
  let possible = true

  const alone = ({ to, data, resolve, reject }: Waiting): void => {
    client.call({ to, data }).then(({ data }) => {
      resolve(data)
    }, reject)
  }

  function flush(): void {
    const asked = waiting.splice(0, atOnce)
    if (waiting.length > 0) queueMicrotask(flush)
    if (asked.length === 1 || !possible) {
      for (const one of asked) alone(one)
      return
    }
    for (const one of asked)
      together.call({ to: one.to, data: one.data }).then(
        ({ data }) => {
          one.resolve(data)
        },
        (error: unknown) => {
          // A contract's refusal is an answer; anything else may be the RPC's, of the program.
          if (error instanceof BaseError && error.walk(cause => cause instanceof RawContractError) !== null) {
            one.reject(error)
            return
          }
          possible = false
          alone(one)
        }
      )
  }

  return (to, data) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) queueMicrotask(flush)
      waiting.push({ to, data, resolve, reject })
    })
}
