import assert from 'node:assert/strict'
import { NotFoundError, foreignCode, zeroAddress } from '../../protocol/primitives/index.ts'
import { startCommandLine } from './command-line.ts'
import type { CommandLine } from './command-line.ts'

const [node, finder] = [`0x${'11'.repeat(20)}`, `0x${'22'.repeat(20)}`]
const contribution = `0x${'ab'.repeat(32)}`
const transaction = `0x${'cd'.repeat(32)}`
const [pool, audit] = [`0x${'ef'.repeat(32)}`, `0x${'12'.repeat(32)}`]
const about = { contribution: null, pool: null, epoch: null, audit: null }
const slash = { node, amount: (100n * 10n ** 18n).toString(), block: '7', at: null, transaction, ...about }
const nobody = { ...slash, reporter: zeroAddress, reward: '0' }

describe('tilth slashes', function () {
  this.timeout(60_000)
  let cli: CommandLine
  const asked: unknown[] = []
  before(async () => {
    cli = await startCommandLine({
      async find({ params: { text } }) {
        const ids = [node, finder, contribution].filter(id => id.startsWith(text.slice(0, 4)))
        const found = ids.map(id => ({ kind: id.length === 42 ? ('account' as const) : ('vote' as const), id }))
        return { found: found.map(one => ({ ...one, name: '', about: '' })), more: false }
      },
      claim: async () => ({ amount: '1', transactions: [] }),
      earnings: async ({ params }) => Promise.reject(new NotFoundError(foreignCode('test.none'), params.account)),
      async slashes({ params }) {
        asked.push(params.node)
        const items = [
          {
            ...slash,
            reporter: finder,
            reward: (10n * 10n ** 18n).toString(),
            contribution,
            because: 'two-votes' as const
          },
          { ...slash, reporter: finder, reward: '0', contribution, because: 'absent-juror' as const },
          { ...slash, reporter: finder, reward: '0', pool, epoch: 3, because: 'absent-scorer' as const },
          { ...nobody, pool, epoch: 3, because: 'wrong-words' as const },
          { ...nobody, pool, epoch: 3, because: 'voided-epoch' as const },
          { ...nobody, pool, epoch: 3, because: 'not-as-offered' as const },
          { ...nobody, audit, because: 'absent-auditor' as const },
          { ...nobody, audit, because: 'false-word' as const },
          { ...nobody, because: null }
        ]
        return { items, next: 'later' }
      }
    })
  })
  after(() => cli.stop())

  it('says whose, how much, for what, by whom and where on chain; of one account, too', async () => {
    const { code, stdout, stderr } = await cli.run('slashes')
    assert.equal(code, 0)
    assert.match(
      stdout,
      new RegExp(`${node} +100.000000 +${finder} +10.000000 +two votes on ${contribution} +block 7 +${transaction}`)
    )
    assert.match(stdout, new RegExp(` no vote on the jury of ${contribution} +block 7`))
    assert.match(stdout, new RegExp(` no words about epoch 3 of ${pool} +block 7`))
    assert.match(stdout, new RegExp(` words about epoch 3 of ${pool}, which its roster holds for wrong +block 7`))
    assert.match(stdout, new RegExp(` having proposed epoch 3 of ${pool}, which was voided +block 7`))
    assert.match(stdout, new RegExp(` answers of epoch 3 of ${pool} that were not as offered +block 7`))
    assert.match(stdout, new RegExp(` no word in audit ${audit} +block 7`))
    assert.match(stdout, new RegExp(` a word in audit ${audit}, which its roster holds for false +block 7`))
    assert.match(stdout, new RegExp(`${node} +100.000000 +nobody +0.000000 +block 7`))
    assert.match(stderr, /more: --cursor later/)
    const { items } = {
      items: JSON.parse(
        (await cli.run('slashes', node.toUpperCase().replace('0X', '0x'), '--json')).stdout
      ) as unknown[]
    }
    assert.equal(items.length, 9)
    await cli.run('slashes', '0x1111…1111')
    assert.deepEqual(asked.splice(0), [undefined, node, node])
    const wrong = await cli.run('slashes', 'noor')
    assert.equal(wrong.code, 1)
    assert.match(wrong.stderr, /"noor" is no account[\s\S]*datanet roster/)
  })

  it('an account may be said by as much of it as tables show, wherever one is asked for', async () => {
    assert.match((await cli.run('earnings', '0x2222…2222')).stderr, new RegExp(finder))
    assert.equal(JSON.parse((await cli.run('claim', '0x1111', '--json')).stdout).account, node)
    assert.match((await cli.run('claim', '0x3333')).stderr, /no account that begins with 0x3333 is known here/)
    assert.match((await cli.run('claim', '0xabab')).stderr, /no account that begins with 0xabab/)
  })
})
