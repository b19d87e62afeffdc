import type { LoopContext } from './context.ts'
import { keepLastRound, makePerson } from '../network/index.ts'
import type { LastRound, LocalNetwork } from '../network/index.ts'
import type { LoopInput } from './input.ts'
import { runLoop } from './loop.ts'
import type { LoopDone } from './loop.ts'
import type { Reporter } from './reporter.ts'

/** A name that no Datanet and no model of the network has: the one wanted, or `elements-2`, `elements-3`, … */
async function freeName(network: LocalNetwork, wanted: string): Promise<string> {
  const { api } = network.daemon('host')
  const taken = new Set<string>()
  for await (const { name } of api.all('datanets')) taken.add(name.toLowerCase())
  for await (const { name } of api.all('models')) taken.add(name.toLowerCase())
  const nth = (n: number): string => (n === 1 ? wanted : `${wanted}-${n}`)
  let n = 1
  while (taken.has(nth(n).toLowerCase())) n++
  return nth(n)
}

/** A question that the tuned model answers as it should, asked as a person would. */
function answered({ models }: LoopDone, input: LoopInput): string {
  const plain = (i: number): string | undefined => {
    const messages = input.questions[i]?.messages ?? []
    return messages.length === 2 ? messages[0]?.content : undefined
  }
  for (const { question, exact } of models.tuned)
    if (exact && plain(question) !== undefined) return plain(question) ?? ''
  return input.questions[0]?.messages.at(-2)?.content ?? ''
}

/** Once round the loop, with names of its own; what it leaves is noted in the folder for the next start. */
export async function runRound(
  network: LocalNetwork,
  given: LoopInput,
  reporter: Reporter
): Promise<{ done: LoopDone; last: LastRound }> {
  const input = { ...given, name: await freeName(network, given.name) }
  const people: LoopContext['people'] = []
  for (const file of input.contributors) people.push({ file, person: await makePerson(network.folder, file.name) })
  const done = await runLoop({ network, input, reporter, people })
  const last = { model: input.name, question: answered(done, input) }
  await keepLastRound(network.folder, last)
  return { done, last }
}
