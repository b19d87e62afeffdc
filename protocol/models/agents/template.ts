import { InvalidError } from '../../primitives/index.ts'
import { mostTurnCharacters } from '../types.ts'

// A template is text with places for words: `{{input}}`, `{{previous}}`, or the name of an earlier step. Nothing in it
// is run, what is put in is never read again for places, and all of it has a bound before anything is asked.

export const mostTemplateCharacters = 8_192
/** Places of one template. */
const mostPlaces = 16

const place = /\{\{([^{}]{0,60})\}\}/g
const encoder = new TextEncoder()
export const bytesIn = (text: string): number => encoder.encode(text).length

/** The names of a template's places, in order. @throws InvalidError `agent.template` */
export function placesOf(template: string): string[] {
  const names = [...template.matchAll(place)].map(([, name = '']) => name.trim())
  // [reject] Braces that are no place were meant as one.
  if (template.replaceAll(place, '').includes('{{'))
    throw new InvalidError('agent.template', `a template has braces that hold no name: ${template.slice(0, 80)}`, {
      help: 'Places are {{input}}, {{conversation}}, {{previous}}, or the name of an earlier step.'
    })
  if (names.length > mostPlaces)
    throw new InvalidError('agent.template', `a template has ${names.length} places, more than ${mostPlaces}`)
  return names
}

function checkLength(characters: number): void {
  if (characters > mostTurnCharacters)
    throw new InvalidError('agent.long', `a step would be asked ${characters} characters`, {
      help: `At most ${mostTurnCharacters} go into one message: ask with less, or have steps pass on less.`
    })
}

/**
 * The text with its places filled.
 * @throws InvalidError `agent.long` beyond what a message may have, `agent.empty` where nothing is left to ask
 */
export function rendered(template: string, words: (name: string) => string): string {
  const text = template.replaceAll(place, (_, name: string) => words(name.trim()))
  checkLength(text.length)
  if (text === '')
    throw new InvalidError('agent.empty', 'a step would be asked nothing, since those before it have said no word', {
      help: 'Ask in other words; its builder can put words beside the places of its prompt.'
    })
  return text
}

/** By most characters of what each place is filled with. @throws InvalidError `agent.long` as `rendered` may */
export const checkFits = (template: string, most: (name: string) => number): void =>
  checkLength(template.replaceAll(place, '').length + placesOf(template).reduce((sum, name) => sum + most(name), 0))

/** Most bytes that the text can come to, by most bytes of what each place is filled with. */
export const mostBytesOf = (template: string, most: (name: string) => number): number =>
  bytesIn(template.replaceAll(place, '')) + placesOf(template).reduce((sum, name) => sum + most(name), 0)

/** What of a text goes on: its beginning up to so many bytes, cut between characters. */
export function upTo(text: string, bytes: number): string {
  if (bytesIn(text) <= bytes) return text
  let [kept, used] = ['', 0]
  for (const character of text) {
    used += bytesIn(character)
    if (used > bytes) break
    kept += character
  }
  return kept
}
