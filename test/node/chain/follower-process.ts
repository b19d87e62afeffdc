// Follows a chain and says each block up to which everything is on disk and heard, until it is killed.
import { createChain, followChain } from '../../../node/chain/index.ts'
import type { Deployment } from '../../../node/chain/index.ts'
import { silentLog, systemClock } from '../../../node/runtime/index.ts'
import { openStore } from '../../../node/store/index.ts'
import { z } from 'zod'

const [folder = '', rpcUrl = '', addresses = '{}'] = process.argv.slice(2)
const store = await openStore(folder)
const rpc = await createChain({ rpcUrl, addresses: JSON.parse(addresses) as Deployment })
const chain = await followChain(rpc, { store, clock: systemClock, log: silentLog, pollMs: 10 })
const heard = store.collection('test/heard', z.strictObject({ amount: z.string() }))
await chain.ledger.consume({
  name: 'test',
  names: ['Staked'],
  async forward({ block, amount }) {
    await heard.put(String(block), { amount: String(amount) })
  },
  async back({ block }) {
    await heard.delete(String(block))
  }
})
chain.ledger.start()
for (;;) {
  await chain.ledger.caughtUp({ consumers: true })
  process.stdout.write(`${chain.ledger.state().block}\n`)
  await systemClock.sleep(5)
}
