import type { AgentStep } from './manifest.ts'

// Which step's words are the answer depends on what earlier ones choose. What its asker wishes of the answer is asked
// of every step that may give it, so this says for each step whether it does.

type Chances = 'surely' | 'perhaps' | 'never'

/**
 * Whether a later step is asked once this one was.
 * @param chosen what was chosen so far, by step; '' for one that was not asked
 */
function comesAfter({ when: own }: AgentStep, { when }: AgentStep, chosen: ReadonlyMap<string, string>): Chances {
  if (when === undefined) return 'surely'
  const known = chosen.get(when.step)
  // This one was asked, so what it goes by has chosen one of these.
  const among = known !== undefined ? [known] : own?.step === when.step ? own.is : undefined
  if (among === undefined) return 'perhaps'
  return among.every(one => when.is.includes(one))
    ? 'surely'
    : among.some(one => when.is.includes(one))
      ? 'perhaps'
      : 'never'
}

/** Whether what a step says, once it is asked, is the answer: surely only where nothing is asked after it. */
export function answersBy(steps: readonly AgentStep[], at: number, chosen: ReadonlyMap<string, string>): Chances {
  const step = steps[at]
  if (step === undefined || step.choices !== undefined) return 'never'
  const comes = (later: AgentStep): Chances => comesAfter(step, later, chosen)
  const later = steps.slice(at + 1)
  const answering = later.filter(({ choices }) => choices === undefined)
  const isCovered = ({ name, choices = [] }: AgentStep): boolean =>
    choices.length > 0 &&
    choices.every(choice => answering.some(({ when }) => when?.step === name && when.is.includes(choice)))
  // One that chooses, and has an answer for each of its choices, comes to one of them.
  const choosing = steps.filter(one => one.choices !== undefined && !chosen.has(one.name) && isCovered(one))
  const isSure = (one: AgentStep): boolean => one.when === undefined || (later.includes(one) && comes(one) === 'surely')
  if (answering.some(one => comes(one) === 'surely') || choosing.some(isSure)) return 'never'
  return later.every(one => comes(one) === 'never') ? 'surely' : 'perhaps'
}
