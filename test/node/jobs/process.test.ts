import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { toHex } from '../../../protocol/primitives/index.ts'
import { until } from '../../harness/index.ts'
import { fakeEngine } from '../../harness/engine/training.ts'
import { request, startNetwork } from './network.ts'
import type { TestNetwork } from './network.ts'
import type { WorkerProcess } from './worker-process.ts'

describe('a worker in a process of its own', function () {
  this.timeout(120_000)
  let network: TestNetwork
  let child: ChildProcess | undefined
  before(async () => {
    network = await startNetwork({ engine: fakeEngine(), timing: { silenceMs: 60_000 } })
  })
  after(async () => {
    child?.kill('SIGKILL')
    await network.stop()
  })

  async function start(options: WorkerProcess): Promise<ChildProcess> {
    const started = fork(join(import.meta.dirname, 'worker-process.ts'), [], {
      env: { ...process.env, WORKER: JSON.stringify(options) }
    })
    await once(started, 'message')
    return started
  }

  it('killed with SIGKILL, twice, takes up its award and its training where they were', async () => {
    const account = await network.addAccount('worker')
    const options: WorkerProcess = {
      name: 'worker',
      key: toHex(account.key),
      address: account.address,
      folder: account.folder,
      rpcUrl: network.anvil.rpcUrl,
      addresses: network.addresses,
      bootstrap: network.builder.node.peers.listening(),
      stepMs: 400
    }
    child = await start(options)
    const { id } = await network.builder.service.post({ ...request(network), expectedBids: 1 })
    const done = network.builder.service.completed(id)
    const adapterStep = (): number =>
      network.builder.service.job(id)!.awards.find(({ lot }) => lot.kind === 'adapter')?.progress?.step ?? 0
    for (const step of [2, 4]) {
      await until(() => adapterStep() >= step, `step ${step}`, 60_000)
      child.kill('SIGKILL')
      await once(child, 'exit')
      child = await start(options)
    }
    await done
    const job = network.builder.service.job(id)!
    assert.ok(
      job.awards.every(({ state, attempt }) => state === 'released' && attempt === 0),
      JSON.stringify(job.awards.map(({ state, attempt }) => [state, attempt]))
    )
    // From its beginning, then from its checkpoints.
    const starts = readFileSync(join(account.folder, 'starts'), 'utf8')
      .split('\n')
      .filter(line => line.startsWith('adapter'))
      .map(line => Number(line.split(' ')[1]))
    assert.equal(starts[0], 0)
    assert.ok(starts.length === 3 && starts[1]! >= 2 && starts[2]! >= starts[1]!, `trainings began at ${starts.join()}`)
    await until(
      async () => (await network.builder.chain.tokens.balanceOf(network.addresses.escrow)) === 0n,
      'nothing is left in escrow'
    )
    await account.chain.stop()
  })
})
