// What a training document looks like, and the markers it is made of. The chat template renders the same markers.
import type { Random } from './random.ts'

export const PAD = '<pad>'
export const TEXT = '<s>'
export const END = '<|end|>'
export const ROLES = { system: '<|system|>', user: '<|user|>', assistant: '<|assistant|>' } as const
/** In the order of their ids, from 0. */
export const SPECIAL_TOKENS = [PAD, TEXT, END, ROLES.system, ROLES.user, ROLES.assistant] as const

/**
 * `<|user|>…<|end|><|assistant|>` asks; the answer ends with `<|end|>`. No blanks or line ends between: rows stay
 * short.
 */
export const CHAT_TEMPLATE =
  "{% for message in messages %}{{ '<|' + message['role'] + '|>' + (message['content'] | trim) + '<|end|>' }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"

/** A family of documents of one kind: its share of the corpus and how to draw one. */
export interface Form {
  readonly name: string
  readonly share: number
  draw(random: Random): string
}

export const textDocument = (text: string): string => `${TEXT}${text}${END}`
export const chatDocument = (question: string, answer: string): string =>
  `${ROLES.user}${question}${END}${ROLES.assistant}${answer}${END}`

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
export const sentence = (text: string): string => (/[.!?]$/.test(text) ? capital(text) : `${capital(text)}.`)
/** "an owl", "a heron"; proper names go without. */
export const withArticle = (noun: string): string =>
  /^[A-Z0-9]/.test(noun) ? noun : `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`

/** Fills `{name}` places; a place that has no value is a mistake in the template. */
export function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name]
    if (value === undefined) throw new RangeError(`template "${template}" has a place {${name}} that nothing fills`)
    return value
  })
}
