import assert from 'node:assert/strict'
import type { ChallengeState, ChallengeView, JuryView } from '../../daemon/api/contract/index.ts'
import { startCommandLine } from './command-line.ts'

const contribution = `0x${'c1'.repeat(32)}` as const
const account = (n: number) => `0x${String(n).padStart(40, '0')}` as const
const coin = 10n ** 18n

const drawing: ChallengeView = {
  contribution,
  datanet: `0x${'d1'.repeat(32)}`,
  challenger: account(1),
  reason: 'these rows are good',
  deposit: (50n * coin).toString(),
  accepted: false,
  size: 3,
  candidates: 5,
  state: 'drawing',
  commitEnds: null,
  revealEnds: null,
  jurors: [],
  decided: null,
  overturned: false,
  returned: null
}
const closed: ChallengeView = {
  ...drawing,
  state: 'closed',
  jurors: [
    { juror: account(2), step: 'shown', accept: true },
    { juror: account(3), step: 'shown', accept: null },
    { juror: account(4), step: 'absent', accept: null }
  ],
  decided: 'accepted',
  overturned: true,
  returned: drawing.deposit
}

describe('challenges and juries on the command line', function () {
  this.timeout(180_000)

  it('say what a challenge costs, why it cannot be made, and how it stands', async () => {
    let state: ChallengeState = {
      challenge: null,
      deposit: drawing.deposit,
      until: 1_900_000_000_000,
      size: 3,
      candidates: 5,
      why: null
    }
    const asked: string[] = []
    const cli = await startCommandLine({
      challengeOf: async () => state,
      challenge: async ({ body }) => {
        asked.push(body.reason)
        return drawing
      }
    })
    try {
      assert.match(
        (await cli.run('challenge', contribution)).stdout,
        /deposit of 50[\s\S]*3 of 5 jurors would be drawn/
      )
      assert.deepEqual(asked, [])
      const made = await cli.run('challenge', contribution, '--reason', 'these rows are good')
      assert.match(made.stdout, /its jury is being drawn/)
      assert.deepEqual(asked, ['these rows are good'])
      state = { ...state, why: 'of 3 jurors only 1 could sit' }
      assert.match((await cli.run('challenge', contribution)).stdout, /cannot be challenged now: of 3 jurors only 1/)
      state = { ...state, challenge: closed }
      const { stdout } = await cli.run('challenge', contribution)
      assert.match(stdout, /overturned: accepted; the deposit of 50.* went back/)
      assert.match(stdout, /abstained[\s\S]*absent/)
      const came = { ...closed, decided: 'nothing' as const, overturned: false }
      state = { ...state, challenge: came }
      const { stdout: told } = await cli.run('challenge', contribution)
      assert.match(told, /undecided: no two thirds agreed, so it stays rejected; the deposit of 50.* went back/)
      assert.doesNotMatch(told, /confirmed/)
    } finally {
      await cli.stop()
    }
  })

  it('say what a juror is asked, and take its vote by hand', async () => {
    const view: JuryView = {
      seated: true,
      seats: 5,
      duties: [{ ...drawing, state: 'committing', datanetName: 'birds', advice: true, vote: null }]
    }
    const said: unknown[] = []
    const cli = await startCommandLine({
      jury: async () => view,
      serveOnJuries: async ({ body }) => ({ ...view, seated: body.serve, duties: [] }),
      juryVote: async ({ body }) => {
        said.push(body.accept)
        return {}
      }
    })
    try {
      assert.match((await cli.run('jury')).stdout, /one of 5 seats[\s\S]*birds[\s\S]*yours is missing/)
      assert.match((await cli.run('jury', 'leave')).stdout, /no seat among the 5 jurors[\s\S]*asked nothing now/)
      for (const vote of ['accept', 'reject', 'abstain']) await cli.run('jury', 'vote', contribution, vote)
      assert.deepEqual(said, [true, false, 'abstain'])
    } finally {
      await cli.stop()
    }
  })
})
