import type { DatanetRules, Row } from './types.ts'

/** What keeps a good row out of a Datanet that takes other ones. */
export type RowRuleCode = 'has-system' | 'several-turns' | 'row-too-long'

/** Whether a row is of the kind that a Datanet takes; undefined if it is. */
export function rowRuleBroken(
  { messages }: Row,
  { kind, rows }: Pick<DatanetRules, 'kind' | 'rows'>
): RowRuleCode | undefined {
  const hasSystem = messages.some(({ role }) => role === 'system')
  const turns = messages.filter(({ role }) => role === 'assistant').length
  // [reject] A system's instructions stand only in rows of a Datanet that takes them; questions have none.
  if (hasSystem && !(rows?.system ?? kind !== 'qa')) return 'has-system'
  // [reject] A row of questions, or of texts, has one turn; of conversations as many as the rules say.
  if (turns > (kind === 'chat' || kind === undefined ? (rows?.mostTurns ?? Infinity) : 1)) return 'several-turns'
  // [reject] All that is said in a row is no longer than the rules say.
  const characters = messages.reduce((sum, { content }) => sum + content.length, 0)
  if (characters > (rows?.mostCharacters ?? Infinity)) return 'row-too-long'
  return undefined
}
