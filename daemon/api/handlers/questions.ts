import { batchFaultInWords } from '../../../protocol/data/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { QuestionsView as NodeQuestions } from '../../../node/data/index.ts'
import type { Node } from '../../../node/node.ts'
import type { QuestionsView } from '../contract/index.ts'
import type { Handlers } from '../server/index.ts'

const viewOf = ({ datanet, batches, judging }: NodeQuestions): QuestionsView => ({
  datanet,
  batches: batches.map(({ fault, spoke, ...batch }) => ({
    ...batch,
    spoke: [...spoke],
    fault: fault === null ? null : { ...fault, words: batchFaultInWords[fault.fault] }
  })),
  judging:
    judging === null
      ? null
      : { ...judging, writers: judging.writers === null ? null : judging.writers.map(one => ({ ...one })) }
})

/** Held-out questions in sealed batches. */
export function questionsHandlers({
  data
}: Pick<Node, 'data'>): Pick<
  Handlers,
  | 'questions'
  | 'questionSeats'
  | 'putQuestions'
  | 'bringQuestions'
  | 'batchQuestions'
  | 'speakOnQuestions'
  | 'openQuestions'
> {
  const known = async (wanted: string) => (await data.findDatanet(wanted)).id
  return {
    questions: async ({ params }) => viewOf(await data.questionsOf(await known(params.id))),
    putQuestions: async ({ params, body }) => data.putQuestions(await known(params.id), body.questions),
    async questionSeats({ params }) {
      const { roster, seats, deadline } = await data.questionSeats(await known(params.id))
      return { roster, seats: seats.map(seat => ({ ...seat })), deadline: String(deadline) }
    },
    bringQuestions: async ({ params, body }) => data.bringQuestions(await known(params.id), body),
    async batchQuestions({ params }) {
      const questions = await data.batchQuestions(await known(params.id), params.batch as Hex)
      return { questions: questions.map(({ messages }) => ({ messages: messages.map(one => ({ ...one })) })) }
    },
    speakOnQuestions: async ({ params, body }) =>
      data.speakOnQuestions(await known(params.id), body.batch as Hex, body.consents),
    openQuestions: async ({ params, body }) => data.openQuestions(await known(params.id), body.batch as Hex)
  }
}
