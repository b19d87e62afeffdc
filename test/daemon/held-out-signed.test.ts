import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { scopesFor } from '../../daemon/api/contract/scopes.ts'
import { createKeystore } from '../../daemon/keys/index.ts'
import { addressOfKey, sealingKey } from '../../protocol/crypto/index.ts'
import { checkSignedBatch, keyOfBatch, openBatch, ownKeyOf, signedBatch } from '../../protocol/data/index.ts'
import type { SignedBatch } from '../../protocol/data/index.ts'
import { fromHex, keccak, toHex } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { startCommandLine } from './command-line.ts'
import { datanetView, statusView } from './views.ts'

const seats = [1, 2].map(n => fromHex(keccak(`seat ${n}`)))
const net = datanetView({ validators: seats.map(key => ({ address: addressOfKey(key), weight: 1 })) })
const network = { chainId: 31337, registry: `0x${'77'.repeat(20)}` as const }
const seconds = (): bigint => BigInt(Math.floor(Date.now() / 1000))

describe('the command line: held-out questions by a key that no daemon has', function () {
  this.timeout(120_000)

  it('are sealed and signed here, to those that sit as the daemon says or as their writer knows', async () => {
    const brought: SignedBatch[] = []
    let shown = net
    let named = seats.map(key => ({ account: addressOfKey(key), key: toHex(sealingKey(key)) as Hex | null }))
    const cli = await startCommandLine({
      datanets: async () => ({ items: [shown], next: null }),
      datanet: async () => shown,
      status: async () => ({
        ...statusView,
        chain: { ...statusView.chain, id: network.chainId, contracts: { registry: network.registry } }
      }),
      questionSeats: async () => ({ roster: 3, seats: named, deadline: String(seconds() + 60n) }),
      bringQuestions: async ({ body }) => {
        brought.push(
          signedBatch.parse(
            JSON.parse(JSON.stringify(body, (_, v: unknown) => (typeof v === 'bigint' ? String(v) : v)))
          )
        )
        return { batch: `0x${'cc'.repeat(32)}`, transaction: `0x${'dd'.repeat(32)}` }
      }
    })
    try {
      const keystore = join(cli.folder, 'ada.json')
      const ada = await createKeystore(keystore, 'correct horse', { strength: 'light' })
      await writeFile(join(cli.folder, 'ada.txt'), 'correct horse', { mode: 0o600 })
      const file = join(cli.folder, 'questions.csv')
      await writeFile(
        file,
        ['question,answer', ...seats.concat(seats, seats, seats).map((_, i) => `What is ${i}?,${i}`)].join('\n')
      )
      const run = (...more: string[]) =>
        cli.run(
          'datanet',
          'held-out',
          'write',
          net.name,
          file,
          '--key',
          keystore,
          '--passphrase-file',
          join(cli.folder, 'ada.txt'),
          ...more
        )
      const { code, stdout, stderr } = await run()
      assert.equal(code, 0, stderr)
      assert.match(stdout, /8 questions put as 0xcccc/)
      assert.match(stdout, new RegExp(`sealed to ${addressOfKey(seats[0]!)}, .*, who sit as this daemon says`))
      const [batch] = brought
      assert.ok(batch !== undefined && brought.length === 1)
      const context = { network, datanet: net.id as Hex, roster: 3, seats: 2, now: seconds() }
      checkSignedBatch(batch, context)
      const { message } = batch.statement
      assert.equal(message.writer, ada.address)
      const onChain = { ...message, questions: batch.questions, keys: batch.keys }
      for (const [i, key] of seats.entries())
        assert.equal(openBatch(onChain, keyOfBatch(onChain, i, key)).length, 8, 'each seat reads them')
      assert.ok(ownKeyOf(onChain, ada.privateKey), 'and so does who wrote them')

      const thief = fromHex(keccak('thief'))
      const own = seats.flatMap(key => ['--validator', addressOfKey(key)])
      assert.equal((await run(...own)).code, 0)
      assert.equal(brought.length, 2)
      // Nothing is sealed to whom a daemon names both times, where the writer knows who sits, ...
      const honest = named
      const liar = { account: addressOfKey(thief), key: toHex(sealingKey(thief)) }
      named = [honest[0]!, liar]
      shown = { ...net, validators: [net.validators[0]!, { ...net.validators[1]!, address: liar.account }] }
      const lied = await run(...own)
      assert.notEqual(lied.code, 0)
      assert.match(lied.stderr, new RegExp(`${liar.account} sit`))
      // ... nor to whom it names beside who sits as it says itself, or with another's key.
      named = honest
      shown = net
      for (const wrong of [
        [named[0]!, { account: addressOfKey(thief), key: toHex(sealingKey(thief)) }],
        [named[0]!, { account: named[1]!.account, key: toHex(sealingKey(thief)) }],
        [named[0]!, { account: named[1]!.account, key: null }]
      ]) {
        named = wrong
        assert.notEqual((await run()).code, 0)
      }
      assert.equal(brought.length, 2)
    } finally {
      await cli.stop()
    }
  })

  it('a key of the API that operates may have them brought', () => {
    assert.deepEqual(scopesFor('bringQuestions'), ['operate'])
    assert.deepEqual(scopesFor('questionSeats'), ['read'])
  })
})
