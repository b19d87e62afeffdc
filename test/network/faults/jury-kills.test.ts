import assert from 'node:assert/strict'
import { unlessUnknown, until } from '../../../daemon/local/loop/poll.ts'
import type { TestDaemon } from '../../harness/index.ts'
import type { Death } from '../../harness/faults/die.ts'
import { setStage, stake } from './stage.ts'
import type { Stage } from './stage.ts'

/** A jury of processes, each of which ends itself by SIGKILL on its way, and so does its challenger. */
describe('a jury whose jurors and challenger are killed on their way', function () {
  this.timeout(900_000)
  let stage: Stage
  let host: TestDaemon
  let author: TestDaemon
  const jurors: TestDaemon[] = []
  before(async () => {
    // As long as it takes to start three processes again on a busy machine; who is there early ends it early.
    stage = await setStage('jury-kills', 1, undefined, { commitSeconds: 900, juryRevealSeconds: 900 })
    host = stage.validators[0] as TestDaemon
    await host.api.call('setVotePolicy', { body: { policy: 'manual' } })
    author = await stage.daemons.add('author', { roles: ['client'] })
    await stage.world.faucet.tokens.transfer(author.address, stake)
    for (const n of [1, 2, 3]) jurors.push(await stage.daemons.add(`juror-${n}`, { roles: ['validator'], stake }))
    await stage.heard([author])
    await author.api.call('followDatanet', { params: { id: stage.datanet }, body: { follow: true } })
  })
  after(() => stage?.world.stop())

  async function diesAndComesBack(daemon: TestDaemon, death: Death): Promise<void> {
    const { ended, pid } = daemon.process
    await stage.daemons.killAt(daemon, death)
    assert.match((await ended).message, /SIGKILL/, daemon.name)
    await stage.daemons.start(daemon)
    assert.notEqual(daemon.process.pid, pid)
  }
  /** Once the chain has told it so of its own trial, and before it does anything about it. */
  const onceHeard = (list: string, address: string): Death => ({
    when: 'after',
    table: 'chain/trials',
    has: `"${list}":\\[[^\\]]*${address}`
  })

  it('comes to its end all the same, once they are back', async () => {
    const { datanet } = stage
    const file = '{"prompt":"Which bird sings at night?","response":"The nightingale"}\n'
    const { id } = await author.api.call('contribute', { params: { id: datanet }, body: { file } })
    const statusAt = async ({ api }: TestDaemon): Promise<string | undefined> =>
      (await unlessUnknown(api.call('contribution', { params: { id } })))?.status
    await until('the validator having checked it', 90, async () => {
      const found = await unlessUnknown(host.api.call('reviewOf', { params: { id } }))
      return found?.advice === true ? found : undefined
    })
    await host.api.call('vote', { params: { id }, body: { accept: false } })
    await until(
      'the author knowing the rejection',
      90,
      async () => (await statusAt(author)) === 'rejected' || undefined
    )
    for (const { api } of jurors) await api.call('serveOnJuries', { body: { serve: true } })

    const [one, two, three] = jurors as [TestDaemon, TestDaemon, TestDaemon]
    const dying = [
      diesAndComesBack(author, onceHeard('jury', one.address)),
      diesAndComesBack(one, { when: 'after', table: 'data/jury-votes', has: '"vote":' }),
      diesAndComesBack(two, onceHeard('committed', two.address)),
      diesAndComesBack(three, onceHeard('votes', three.address))
    ]
    // It may hear of the draw, and die, before it has answered; that it was challenged is seen below.
    await author.api
      .call('challenge', { params: { id }, body: { reason: 'these rows are good' } })
      .catch(() => undefined)
    await Promise.all(dying)
    // Jurors leave the Datanet once they are done.
    for (const { name, api } of [host, author]) {
      const closed = await until(`${name} seeing the jury closed`, 180, async () => {
        // One that has come back may not have heard of the contribution yet.
        const challenge = (await unlessUnknown(api.call('challengeOf', { params: { id } })))?.challenge
        return challenge?.state === 'closed' ? challenge : undefined
      })
      assert.deepEqual([closed.decided, closed.overturned], ['accepted', true])
      assert.deepEqual(
        closed.jurors.map(({ step, accept }) => [step, accept]),
        jurors.map(() => ['shown', true])
      )
    }
    for (const daemon of [host, author])
      await until(`${daemon.name} taking it for accepted`, 90, async () =>
        (await statusAt(daemon)) === 'accepted' ? true : undefined
      )
  })
})
