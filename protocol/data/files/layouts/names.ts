// What people call the columns of a data set. Names are compared without case, blanks, hyphens and underscores.

export const folded = (name: string): string => name.toLowerCase().replaceAll(/[\s_.-]+/g, '')

/** Columns of turns. */
export const turnNames = [
  'messages',
  'conversations',
  'conversation',
  'dialog',
  'dialogue',
  'chat',
  'turns',
  'contents'
] as const

/** The better ones first. */
export const promptNames = [
  'prompt',
  'question',
  'instruction',
  'query',
  'problem',
  'user',
  'human',
  'request',
  'ask',
  'q',
  'input',
  'inputs',
  'front',
  'frage',
  'pregunta',
  'domanda',
  'pergunta',
  'vraag',
  'вопрос',
  '问题',
  '質問',
  '질문',
  'سؤال',
  'सवाल'
] as const

export const responseNames = [
  'response',
  'answer',
  'answers',
  'output',
  'completion',
  'reply',
  'assistant',
  'solution',
  'target',
  'targets',
  'chosen',
  'gpt',
  'bot',
  'a',
  'back',
  'label',
  'antwort',
  'respuesta',
  'réponse',
  'reponse',
  'risposta',
  'resposta',
  'antwoord',
  'ответ',
  '答案',
  '回答',
  '答え',
  '답변',
  'جواب',
  'उत्तर'
] as const

/** What stands beside an instruction and is asked with it. */
export const inputNames = ['input', 'context'] as const
export const systemNames = ['system', 'systemprompt', 'systemmessage', 'systeminstruction'] as const

/** Words of a column's name: `userQuestion_text` is user, question, text. */
const wordsOf = (name: string): string[] =>
  name
    .replaceAll(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .filter(word => word !== '')

/** The column that is meant by one of these names: called so, or the only one with that word in its name. */
export function columnFor(columns: readonly string[], names: readonly string[]): string | undefined {
  // Each column is looked at once, and not for each name.
  const called = new Map<string, string>()
  for (const column of columns) {
    const name = folded(column)
    if (!called.has(name)) called.set(name, column)
  }
  const exact = names.find(name => called.has(name))
  if (exact !== undefined) return called.get(exact)
  const long = new Set(names.filter(name => name.length >= 4))
  const having = new Map<string, string[]>()
  for (const column of columns)
    for (const word of new Set(wordsOf(column))) {
      if (!long.has(word)) continue
      const found = having.get(word)
      if (found === undefined) having.set(word, [column])
      else found.push(column)
    }
  const only = names.find(name => having.get(name)?.length === 1)
  return only === undefined ? undefined : having.get(only)?.[0]
}
