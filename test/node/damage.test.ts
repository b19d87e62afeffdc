import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fakeEngine } from '../harness/engine/training.ts'
import { damageDatastore, damageStore, scratch, startNode, until } from '../harness/index.ts'
import { jsonl, rulesFor, startNetwork as startData } from './data/network.ts'
import { request, startNetwork as startJobs } from './jobs/network.ts'
import { ask, question, startNetwork as startModels } from './models/network.ts'
import { startNetwork as startPayouts } from './payouts/network.ts'

// What stands on disk may be of an older version, or damaged: no entry of any table keeps a node from starting.

describe('a node whose every table holds garbage starts, and does its part', function () {
  this.timeout(240_000)

  it('data', async () => {
    const network = await startData()
    try {
      const host = await network.add('host')
      const { id } = await host.service.createDatanet(rulesFor([host.address]), jsonl([['What?', 'This']]))
      const file = jsonl([
        ['Who?', 'Me'],
        ['Where?', 'Here']
      ])
      await host.service.contribute({ datanet: id, file })
      const decided = async (): Promise<boolean> => (await host.service.datanet(id))?.accepted === 1
      await until(decided, 'the contribution is accepted')
      await host.service.anchorVersion(id)
      await network.stopPeer(host)
      const tables = await damageStore(join(host.folder, 'store'))
      assert.ok(tables.includes('data/documents') && tables.includes('chain/commitments'), tables.join(' '))
      const again = await network.start(host)
      await again.service.datanets()
      await again.service.createDatanet(rulesFor([host.address], { name: 'others' }), jsonl([['When?', 'Now']]))
    } finally {
      await network.stop()
    }
  })

  it('jobs', async () => {
    const network = await startJobs({ engine: fakeEngine() })
    try {
      const worker = await network.addPeer('worker', { engine: fakeEngine() })
      const { id } = await network.builder.service.post({ ...request(network), expectedBids: 1 })
      await until(() => (network.builder.service.job(id)?.awards.length ?? 0) > 0, 'the job is awarded')
      for (const peer of [worker, network.builder]) {
        await network.kill(peer)
        await damageStore(join(peer.folder, 'store'))
        await network.revive(peer, peer.options)
      }
      network.builder.service.jobs()
      await network.builder.service.post({ ...request(network), expectedBids: 1 })
    } finally {
      await network.stop()
    }
  })

  it('models', async () => {
    const network = await startModels()
    try {
      const worker = await network.addPeer('worker')
      const client = await network.addPeer('client', { roles: { worker: false, client: true } })
      await network.serve(worker, client, { inputPrice: 1n, outputPrice: 100n })
      await ask(client, question('why'))
      for (const peer of [worker, client]) {
        await network.kill(peer)
        await damageStore(join(peer.folder, 'store'))
        await network.revive(peer)
      }
      await worker.service.channels()
      await client.service.channels()
      await client.service.receipts()
      await worker.service.owed()
    } finally {
      await network.stop()
    }
  })

  it('transport', async () => {
    const directory = join(await scratch('damage'), 'ipfs')
    const key = Uint8Array.from(randomBytes(32))
    const [other, first] = [await startNode(), await startNode({ directory, privateKey: key })]
    const file = Buffer.alloc(300_000, 'whole')
    try {
      await first.peers.dial(other.peers.listening()[0]!)
      const cid = await first.files.addBytes(file)
      await first.stop()
      const damaged = await damageDatastore(join(directory, 'peers'))
      assert.ok(damaged > 0)
      for (const entry of await readdir(join(directory, 'blocks'), { recursive: true, withFileTypes: true }))
        if (entry.isFile()) await writeFile(join(entry.parentPath, entry.name), 'garbage')
      await writeFile(join(directory, 'debts.json'), '{')
      const again = await startNode({ directory, privateKey: key })
      await again.peers.dial(other.peers.listening()[0]!)
      const given = await again.files.fetchBytes(cid, { maxBytes: 1 << 20, signal: AbortSignal.timeout(3_000) }).then(
        bytes => Buffer.from(bytes).equals(file),
        () => 'refused'
      )
      assert.equal(given, 'refused')
      // Set aside, it is a block like any other that is missing: whoever has it gives it.
      await other.files.addBytes(file)
      const healed = await again.files.fetchBytes(cid, { maxBytes: 1 << 20, signal: AbortSignal.timeout(20_000) })
      assert.ok(Buffer.from(healed).equals(file))
      await again.stop()
    } finally {
      await other.stop()
    }
  })

  it('payouts', async () => {
    const network = await startPayouts({})
    try {
      const settler = await network.addPeer('settler', { settler: true })
      const one = await network.addPeer('one')
      const channel = await network.openChannel(one.address)
      await network.answer(one, channel)
      await until(async () => (await settler.service.receipts()).items.length === 1, 'the settler knows the receipt')
      await network.kill(settler)
      await damageStore(join(settler.folder, 'store'))
      await network.revive(settler)
      await settler.service.receipts()
      await settler.service.epochs()
      await settler.service.earnings(settler.address)
      await network.answer(one, channel)
      await until(
        async () => (await settler.service.receipts()).items.length > 0,
        'the settler hears of receipts again'
      )
    } finally {
      await network.stop()
    }
  })
})
