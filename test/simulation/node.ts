import { addressOfKey } from '../../protocol/crypto/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'
import { followChain } from '../../node/chain/index.ts'
import type { FollowedChain } from '../../node/chain/index.ts'
import type { Chain } from '../../node/chain/index.ts'
import { createAutomations, createEvents, silentLog } from '../../node/runtime/index.ts'
import { StoreError } from '../../node/store/index.ts'
import type { Store } from '../../node/store/index.ts'
import type { AutomationEvents, Automations, Clock, Events, Log } from '../../node/runtime/index.ts'
import type { Network } from '../../protocol/crypto/index.ts'
import { confirmations, network } from './chain.ts'
import type { Place, SimulatedNetwork } from './network.ts'
import { emptyDisk, loseLast, never, simulatedStore } from './store.ts'
import type { Life } from './store.ts'

/** A node of one phase, whose process can be killed and started again on what its disk holds. */
export interface SimulatedNode<S = unknown> {
  readonly name: string
  readonly address: Address
  readonly key: Uint8Array
  /** Of the process that runs now. */
  readonly service: S
  readonly isUp: boolean
  /** The chain cannot be reached. */
  isCut: boolean
  /** Its disk takes nothing more. */
  isFull: boolean
  /** Its clock is so many milliseconds ahead. */
  clockAhead: number
  start(): Promise<void>
  /**
   * Ends the process at once; `afterWrites`: as soon as it wants to write so many times more, before the last. `lost`:
   * with the power, so that so many of its last writes that nobody waited for are gone.
   */
  kill(how?: { readonly afterWrites?: number; readonly lost?: number }): void
}

export interface Surroundings {
  readonly clock: Clock
  readonly network: SimulatedNetwork
  readonly chain: {
    /** As an account's process sees it; `isCut` while it cannot be reached. */
    as(account: Address, isCut: () => boolean, life: Life): Chain
  }
  /** What is waited for after a start. */
  readonly settle?: () => Promise<void>
}

/** What a phase's service is made from: the process's own, over the story's clock, network, disk and chain. */
export interface Machine<E extends object> extends Place {
  readonly key: Uint8Array
  readonly self: Address
  readonly network: Network
  readonly chain: FollowedChain
  readonly clock: Clock
  readonly log: Log
  readonly store: Store
  readonly events: Events<E>
  readonly automations: Automations
}

/** A clock that is ahead, and that wakes no process that is dead. */
function clockOf(clock: Clock, node: { clockAhead: number }, life: { isOver: boolean }): Clock {
  const sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
    await clock.sleep(ms, signal)
    if (life.isOver) await never()
  }
  return {
    now: () => clock.now() + node.clockAhead,
    sleep,
    every: (ms, task, onError) =>
      clock.every(
        ms,
        async () => {
          if (life.isOver) return
          await task()
        },
        onError
      )
  }
}

/** @param make the phase's service, for each process anew */
export function simulatedNode<S extends { start(): Promise<void> }, E extends object>(
  name: string,
  key: Uint8Array,
  { clock, network: wires, chain, settle }: Surroundings,
  make: (machine: Machine<E>) => S
): SimulatedNode<S> {
  const address = addressOfKey(key)
  const disk = emptyDisk()
  const blocks = new Map<string, Uint8Array>()
  let life = { isOver: true }
  let service: S | undefined
  let followed: FollowedChain | undefined
  let writesLeft = Infinity
  let lost = 0

  function fall(one: { isOver: boolean }): void {
    if (one.isOver) return
    one.isOver = true
    loseLast(disk, lost)
  }
  const node: SimulatedNode<S> = {
    name,
    address,
    key,
    isCut: false,
    isFull: false,
    clockAhead: 0,
    get service() {
      if (service === undefined) throw new Error(`${name} was never started`)
      return service
    },
    get isUp() {
      return !life.isOver
    },
    async start() {
      const own = { isOver: false }
      life = own
      writesLeft = Infinity
      const time = clockOf(clock, node, own)
      const store = simulatedStore(disk, own, () => {
        if (--writesLeft <= 0) fall(own)
        if (node.isFull) throw new StoreError('store.disk-full', 'no space is left')
      })
      const events = createEvents<E>(silentLog)
      const place = wires.join(address, own, blocks)
      followed = await followChain(
        chain.as(address, () => node.isCut, own),
        {
          store,
          clock: time,
          log: silentLog,
          confirmations
        }
      )
      const automations = createAutomations({
        clock: time,
        log: silentLog,
        events: events as unknown as Events<AutomationEvents>,
        store
      })
      service = make({
        key,
        self: address,
        network,
        chain: followed,
        ...place,
        store,
        events,
        clock: time,
        log: silentLog,
        automations
      })
      await service.start()
      followed.ledger.start()
      await settle?.()
    },
    kill(how = {}) {
      lost = how.lost ?? 0
      if ((how.afterWrites ?? 0) > 0) writesLeft = how.afterWrites ?? 0
      else fall(life)
    }
  }
  return node
}
