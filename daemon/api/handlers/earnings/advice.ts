import type { WhyShareView } from '../../contract/index.ts'

type Told = Omit<WhyShareView, 'advice'>
type Advice = WhyShareView['advice'][number]

const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`
const probability = (utility: number): string => (Math.round(utility * 100) / 100).toFixed(2)

/** Rows that brought nothing, by why: what a person reads of the code of a check. */
function ofRows({ rows }: Told): Advice[] {
  if (rows === null) return []
  const repeated = Object.entries(rows.issues).reduce(
    (sum, [code, count]) => (code.includes('duplicate') ? sum + count : sum),
    0
  )
  const wrong = Object.values(rows.issues).reduce((sum, count) => sum + count, 0) - repeated
  const advice: Advice[] = []
  if (repeated > 0)
    advice.push({
      code: 'rows.repeated',
      text:
        `${repeated} of ${rows.rows} rows repeat what stood there before, and only who was first is credited. ` +
        'Rows about what nobody has written yet would count.'
    })
  if (wrong > 0)
    advice.push({
      code: 'rows.wrong',
      text:
        `${wrong} of ${rows.rows} rows could not be taken as they were. ` +
        'Put right and sent again, they would count from the next version on.'
    })
  return advice
}

/** What the gate says: with and without, in probabilities. */
function ofGates({ gates }: Told): Advice[] {
  return gates.flatMap(({ name, full, without, value }): Advice[] => {
    if (BigInt(value) > 0n) return []
    const measured =
      without === null
        ? ''
        : ` With these rows ${name} gives the right answer with probability ${probability(full)}, ` +
          `without them ${probability(without)}.`
    return [
      {
        code: 'gate.closed',
        text:
          `Held-out questions decide how far rows are believed.${measured} ` +
          'Rows that are right, and about things that the others have not covered, raise it.'
      }
    ]
  })
}

/** How the account stands beside whoever earned most. */
function ofOthers({ players, value, share, values }: Told, account: string): Advice[] {
  const best = players.toSorted((a, b) => (BigInt(a.value) < BigInt(b.value) ? 1 : -1))[0]
  // Who has no rows there, as a scorer, is beside nobody.
  if (!players.some(one => one.account === account)) return []
  if (best === undefined || best.account === account || BigInt(share) === 0n || BigInt(values) === 0n) return []
  const own = Number((BigInt(value) * 1000n) / BigInt(values)) / 1000
  const top = Number((BigInt(best.value) * 1000n) / BigInt(values)) / 1000
  return [
    {
      code: 'value.behind',
      text:
        `The answers of this epoch owe ${percent(own)} of what was measured to these rows, and ${percent(top)} to ` +
        'those of whoever earned most. The same rows earn more when more questions are about them; rows about what ' +
        'people ask most earn most.'
    }
  ]
}

/** What would have earned more, the plainest first. Empty where there is nothing to say. */
export function adviceFor(told: Told, account: string): Advice[] {
  const { rule, weighedAnswers, heldOutAnswers, held } = told
  const advice: Advice[] = []
  if (rule === 'no-player')
    advice.push({
      code: 'player.none',
      text: 'A model tuned on a version that holds these rows would pay for them; those of this epoch are older.'
    })
  advice.push(...ofGates(told), ...ofRows(told))
  if (rule === 'value')
    advice.push({
      code: 'value.none',
      text: `None of the ${weighedAnswers} weighed answers was better for these rows: they were about something else.`
    })
  advice.push(...ofOthers(told, account))
  if (rule === 'paid' && heldOutAnswers > 0 && weighedAnswers === 0)
    advice.push({
      code: 'answers.private',
      text: 'No answer of this epoch could be seen by scorers, so the money went by held-out values alone.'
    })
  if (BigInt(held) > 0n)
    advice.push({
      code: 'epoch.held',
      text:
        'A part is held: no answer divides it, and nobody is known to be worth anything to its model. A later epoch ' +
        'divides it by the held-out values of the model that had brought most before.'
    })
  return advice
}
