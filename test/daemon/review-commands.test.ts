import assert from 'node:assert/strict'
import type { DatanetView, QuestionsView, StatusView } from '../../daemon/api/contract/index.ts'
import { statusText } from '../../daemon/cli/commands/node.ts'
import { startCommandLine } from './command-line.ts'
import { datanetView, statusView } from './views.ts'

describe('what a node that has little to do says of it', function () {
  this.timeout(180_000)

  it('review list: whether nothing is voted on, or this account has no vote, and how it gets one', async () => {
    let nets: DatanetView[] = [datanetView({ roles: ['host'] })]
    let roles: StatusView['roles'] = ['client']
    let asked: QuestionsView['batches'] = []
    const cli = await startCommandLine({
      review: async () => ({ items: [], next: null }),
      datanets: async () => ({ items: nets, next: null }),
      questions: async ({ params }) => ({ datanet: params.id as `0x${string}`, batches: asked, judging: null }),
      status: async () => ({ ...statusView, roles })
    })
    try {
      const none = await cli.run('review', 'list')
      assert.equal(none.code, 0)
      assert.match(none.stdout, /this account validates no Datanet[\s\S]*--role validator/)
      assert.match(none.stdout, new RegExp(`tilth datanet roster add DATANET ${statusView.address}`))
      roles = ['validator']
      assert.doesNotMatch((await cli.run('review', 'list')).stdout, /--role validator/)
      nets = [datanetView(), datanetView({ roles: ['host', 'validator'] })]
      assert.match((await cli.run('review', 'list')).stdout, /^nothing is voted on now$/m)
      assert.deepEqual(JSON.parse((await cli.run('review', 'list', '--json')).stdout), [])
      const of = { batch: `0x${'ab'.repeat(32)}`, datanet: nets[1]!.id, writer: statusView.address, version: null }
      const weights = { consent: 0, against: 0, total: 3, questions: 4, fault: null, until: null }
      asked = [{ ...of, ...weights, state: 'asked', spoke: [] }]
      assert.match((await cli.run('review', 'list')).stdout, /^1 batch of held-out questions of .*held-out list/m)
      asked = asked.map(one => ({ ...one, spoke: [statusView.address] }))
      assert.doesNotMatch((await cli.run('review', 'list')).stdout, /held-out/)
    } finally {
      await cli.stop()
    }
  })

  it('status: own models that nobody weighs, with the command that mends it', () => {
    const id = `0x${'ab'.repeat(32)}` as const
    const split = { worker: 8000, builder: 2000, data: 0 }
    assert.doesNotMatch(statusText(statusView), /never weighed/)
    assert.match(
      statusText({ ...statusView, unweighed: [{ id, name: 'finch', split, leastDataShare: 1000 }] }),
      new RegExp(`finch .*\\n.*get 0 % .*asks for 10 %.*never weighed.*tilth models split ${id} --split 7200,1800,1000`)
    )
  })
})
