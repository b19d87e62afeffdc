import type { Node } from '../../../node/node.ts'
import type { Spending } from '../../spending/index.ts'
import type { Handlers } from '../server/index.ts'
import type { Which } from './which.ts'

/** Amounts as text, as the contract writes them. */
const written = <T extends { deposit: bigint; returned: bigint | null }>(view: T) => ({
  ...view,
  deposit: view.deposit.toString(),
  returned: view.returned === null ? null : view.returned.toString()
})

/** Challenged decisions, and the juries that decide them. */
export function juryHandlers(
  { chain, data }: Pick<Node, 'chain' | 'data'>,
  which: Pick<Which, 'contribution'>,
  spending: Pick<Spending, 'paying'>
): Pick<Handlers, 'challengeOf' | 'challenge' | 'jury' | 'serveOnJuries' | 'juryVote'> {
  const asked = async (): Promise<Awaited<ReturnType<Handlers['jury']>>> => juryOf(await data.jury())
  const juryOf = ({ items, ...view }: Awaited<ReturnType<typeof data.jury>>) => ({
    ...view,
    duties: items.map(item => ({ ...written(item), jurors: [...item.jurors] }))
  })
  const challengeOf = (view: Awaited<ReturnType<typeof data.challenge>>) => ({
    ...written(view),
    jurors: [...view.jurors]
  })
  return {
    async challengeOf({ params }) {
      const { challenge, deposit, ...state } = await data.challengeOf(await which.contribution(params.id))
      return { ...state, deposit: deposit.toString(), challenge: challenge === null ? null : challengeOf(challenge) }
    },
    async challenge({ params, body, key }) {
      const id = await which.contribution(params.id)
      const { deposit } = await chain.juries.rules()
      return challengeOf(await spending.paying(key, deposit, () => data.challenge(id, body.reason)))
    },
    jury: asked,
    serveOnJuries: async ({ body }) => juryOf(await data.serve(body.serve)),
    async juryVote({ params, body }) {
      await data.juryVote(await which.contribution(params.id), body.accept)
      return {}
    }
  }
}
