import assert from 'node:assert/strict'
import type { TestDaemon } from '../../harness/index.ts'
import type { Death } from '../../harness/faults/die.ts'
import { setStage } from './stage.ts'
import type { Stage } from './stage.ts'

/** Validators as processes, each of which ends itself by SIGKILL at a write on its way through a vote. */
describe('validators killed on their way through a vote', function () {
  this.timeout(300_000)
  let stage: Stage
  /** Takes contributions in, and is not killed. */
  let door: TestDaemon
  before(async () => {
    stage = await setStage('kills', 3)
    door = await stage.daemons.add('door', { roles: ['client'] })
    await stage.heard([door])
    await door.api.call('followDatanet', { params: { id: stage.datanet }, body: { follow: true } })
  })
  after(() => stage?.world.stop())

  const ballot = (when: Death['when'], list: 'commits' | 'votes') => (address: string) => ({
    when,
    table: 'data/ballots',
    has: `"${list}":\\[[^\\]]*${address}`
  })
  const chosen = (when: Death['when']) => () => ({ when, table: 'data/ballots', has: '"mine":' })
  const decided = (when: Death['when']) => () => ({ when, table: 'data/contributions', has: '"name":"accepted"' })
  const steps: Record<string, (address: string) => Death> = {
    'before its vote is chosen': chosen('before'),
    'once its vote is chosen, and nobody knows': chosen('after'),
    'before its commitment is kept': ballot('before', 'commits'),
    'once its commitment is kept, and nobody was told': ballot('after', 'commits'),
    'before its vote is shown': ballot('before', 'votes'),
    'once its vote is kept as shown, and nobody was told': ballot('after', 'votes'),
    'before the decision is kept': decided('before'),
    'once the decision is kept, and nobody was told': decided('after')
  }

  async function diesAndComesBack(daemon: TestDaemon, step: string): Promise<void> {
    const death = steps[step]
    assert.ok(death)
    const { ended, pid } = daemon.process
    await stage.daemons.killAt(daemon, death(daemon.address))
    assert.match((await ended).message, /SIGKILL/, `${daemon.name} ${step}`)
    assert.equal(stage.daemons.isDoomed(daemon), false)
    await stage.daemons.start(daemon)
    assert.notEqual(daemon.process.pid, pid)
  }

  // All three are needed for more than two thirds, so the vote goes on when the last one is back.
  const rounds = [0, 3, 5].map(from => Object.keys(steps).slice(from, from + 3))
  for (const round of rounds)
    it(`end it rightly once they are back: ${round.join('; ')}`, async () => {
      const { validators } = stage
      const dying = validators.map((daemon, i) => diesAndComesBack(daemon, round[i] ?? ''))
      const [id] = await Promise.all([stage.contribute(door), ...dying])
      await stage.accepted([...validators, door], id)
      for (const { api } of [...validators, door]) {
        const votes = await api.call('votes', { params: { id } })
        assert.deepEqual(
          votes.validators.map(({ step, accept }) => [step, accept]),
          validators.map(() => ['revealed', true])
        )
      }
      await stage.nobodyIsAccused([...validators, door])
    })
})
