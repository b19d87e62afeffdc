import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromHex } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { createChain } from '../../../node/chain/index.ts'
import type { Addresses } from '../../../node/chain/index.ts'
import { fakeEngine } from '../../harness/engine/training.ts'
import { startPeer } from '../../harness/index.ts'
import { makeService } from './network.ts'

// A worker in a process of its own, to be killed. Each start of a training is noted in a file, with the step it began
// at.

export interface WorkerProcess {
  name: string
  key: Hex
  address: Address
  folder: string
  rpcUrl: string
  addresses: Addresses
  bootstrap: string[]
  stepMs: number
}

const options = JSON.parse(process.env.WORKER ?? '{}') as WorkerProcess
const chain = await createChain({ rpcUrl: options.rpcUrl, addresses: options.addresses, privateKey: options.key })
const engine = fakeEngine({
  stepMs: options.stepMs,
  onStart: (step, kind) => {
    appendFileSync(join(options.folder, 'starts'), `${kind} ${step}\n`)
  }
})
const { name, key, address, folder, bootstrap } = options
await startPeer({ name, key: fromHex(key), address, folder, chain }, bootstrap, { engine }, makeService)
process.send?.('ready')
