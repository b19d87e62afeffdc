import assert from 'node:assert/strict'
import { createContexts } from '../../../node/jobs/index.ts'
import type { OwnedRow } from '../../../node/jobs/index.ts'
import { scoresWith } from '../../../node/payouts/scorer/context.ts'
import { hasPlayer } from '../../../protocol/jobs/index.ts'
import { InvalidError, keccak } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'

const players = [0, 1].map((n): Address => `0x${keccak(`player ${n}`).slice(2, 42)}`)
const owned = (player: number, index: number, question: string, answer: string): OwnedRow => ({
  contributor: players[player]!,
  contribution: keccak(`contribution ${player}`),
  index,
  row: {
    messages: [
      { role: 'user', content: question },
      { role: 'assistant', content: answer }
    ]
  }
})
const version = { datanet: keccak('datanet'), version: 1 }
const asked = [{ role: 'user' as const, content: 'What do smiths make in Tolan?' }]

describe('rows before a question, by whose they are', () => {
  it('are found for each coalition among its own: who says it again and is found first takes nothing', async () => {
    const rows = [
      owned(0, 0, 'What do the many smiths who live and work in Tolan make?', 'They make copper wire.'),
      ...['It is copper wire', 'Wire of copper', 'Copper, as wire'].map((said, i) =>
        owned(1, i, 'What do smiths make in Tolan?', said)
      )
    ]
    const contexts = createContexts(async () => rows)
    assert.deepEqual(
      (await contexts(version, asked, 2)).map(({ contributor }) => contributor),
      [players[1], players[1]],
      'nobody else’s are shown'
    )
    const find = async (mask: bigint) =>
      (await contexts(version, asked, 2, { of: account => hasPlayer(mask, players.indexOf(account)) })).map(
        ({ contributor, row }) => ({ player: players.indexOf(contributor), row })
      )
    let times = 0
    const scores = await scoresWith(['0', '1', '2', '3'], asked, find, async (places, messages) => {
      times++
      return places.map(() => (messages.some(({ content }) => /copper/iu.test(content)) ? 9 : 1))
    })
    assert.deepEqual(scores, [1, 9, 9, 9], 'both add the same')
    assert.equal(times, 3, 'what is asked alike is asked once')
  })

  it('are none any more once something of their version is taken down, however many are at hand', async () => {
    const rows = [owned(0, 0, 'What do smiths make in Tolan?', 'Wire'), owned(1, 0, 'Who are Tolan smiths?', 'Many')]
    let down = ''
    let read = 0
    const contexts = createContexts(
      async () => {
        read++
        if (down !== '') throw new InvalidError('version.taken-down', 'rows of it were taken down')
        return rows
      },
      async () => down
    )
    assert.equal((await contexts(version, asked, 8)).length, 2)
    await contexts(version, asked, 8)
    assert.equal(read, 1, 'they stay at hand')
    down = 'first'
    await assert.rejects(contexts(version, asked, 8), { code: 'version.taken-down' })
    down = ''
    assert.equal((await contexts(version, asked, 8)).length, 2, 'and are there where that was none')
  })
})
