import { z } from 'zod'
import { said } from '../../../protocol/data/votes.ts'
import { named, nothing, route } from './route.ts'
import { account, decimal, hash } from './views.ts'

/** Times are milliseconds since 1970, amounts the token's smallest unit. */
export const challengeView = z.object({
  contribution: hash,
  datanet: hash,
  challenger: account,
  reason: z.string(),
  deposit: decimal,
  /** Whether the roster had accepted it. */
  accepted: z.boolean(),
  /** Jurors that are drawn, and of how many. */
  size: z.int(),
  candidates: z.int(),
  state: z.enum(['drawing', 'committing', 'showing', 'closing', 'closed']),
  commitEnds: z.int().nullable(),
  revealEnds: z.int().nullable(),
  jurors: z.array(
    z.object({
      juror: account,
      step: z.enum(['waiting', 'committed', 'shown', 'absent']),
      /** null before it is shown, and of who abstains. */
      accept: z.boolean().nullable()
    })
  ),
  /** What the jury said, once it is closed; nothing: the first decision stands. */
  decided: z.enum(['nothing', 'rejected', 'accepted']).nullable(),
  overturned: z.boolean(),
  /** What of the deposit went back. */
  returned: decimal.nullable()
})
export type ChallengeView = z.infer<typeof challengeView>

export const challengeState = z.object({
  challenge: challengeView.nullable(),
  /** What a challenge puts down, and until when it can be made. */
  deposit: decimal,
  until: z.int().nullable(),
  /** Jurors that would be drawn, and accounts that could be. */
  size: z.int(),
  candidates: z.int(),
  /** Why it cannot be challenged now; null where it can. */
  why: z.string().nullable()
})
export type ChallengeState = z.infer<typeof challengeState>

export const juryView = z.object({
  /** Whether this node has a seat among the jurors, and how many have. */
  seated: z.boolean(),
  seats: z.int(),
  /** What it is asked, as far as it looks: of each jury that it sits on. */
  duties: z.array(
    challengeView.extend({
      datanetName: z.string(),
      /** What this node's own checks say; null before them. */
      advice: z.boolean().nullable(),
      /** How it votes; null before that is known. */
      vote: said.nullable()
    })
  )
})
export type JuryView = z.infer<typeof juryView>

/** Decisions that are challenged, and the juries that decide for good. */
export const juryRoutes = {
  challengeOf: route({
    method: 'GET',
    path: '/api/contributions/:id/challenge',
    stage: 'acceptance',
    summary: 'Whether its decision can be challenged and what that costs; or how its challenge stands',
    params: named,
    reply: challengeState
  }),
  challenge: route({
    method: 'POST',
    path: '/api/contributions/:id/challenge',
    stage: 'acceptance',
    summary:
      'Challenge what was decided on it: a jury drawn by chance decides for good. Costs a deposit, which comes back ' +
      'if it decides otherwise',
    params: named,
    body: z.strictObject({
      /** For the jurors to read: what is wrong with the decision. */
      reason: z.string().trim().min(1).max(1_000)
    }),
    reply: challengeView
  }),
  jury: route({
    method: 'GET',
    path: '/api/jury',
    stage: 'acceptance',
    summary: 'What this node is asked as a juror, and whether it has a seat among them',
    reply: juryView
  }),
  serveOnJuries: route({
    method: 'POST',
    path: '/api/jury',
    stage: 'acceptance',
    summary: 'Take a seat among the jurors, for which stake is locked; or give it up',
    body: z.strictObject({ serve: z.boolean() }),
    reply: juryView
  }),
  juryVote: route({
    method: 'POST',
    path: '/api/jury/:id/vote',
    stage: 'acceptance',
    summary: "A juror's vote by hand (with automatic voting off)",
    params: named,
    body: z.strictObject({
      /** For it, against it, or that the others shall decide. */
      accept: said
    }),
    reply: nothing
  })
} as const
