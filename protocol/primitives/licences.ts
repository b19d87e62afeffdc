import { z } from 'zod'

/**
 * What a model may be used under: an SPDX identifier or expression (https://spdx.org/licenses), or LicenseRef- and a
 * name for any other. It is registered with the model, and signed with its registration.
 */
export const licenceText = z
  .string()
  .regex(/^[A-Za-z0-9(][A-Za-z0-9 .+():-]{0,98}$/, 'must be an SPDX identifier such as CC-BY-4.0 or Apache-2.0')

/** Something that a model is made from, and what it stands under. */
export interface Source {
  /** As people call it: "the Datanet elements". */
  readonly name: string
  /** null where none is known. */
  readonly licence: string | null
}

const keyOf = (licence: string): string => licence.trim().toUpperCase()
/** The licences that an expression of several names. */
const partsOf = (licence: string): readonly string[] =>
  licence
    .split(/\s(?:AND|OR)\s|[()]/i)
    .map(part => part.trim())
    .filter((part, i, all) => part !== '' && all.indexOf(part) === i)
/** Whoever passes on what is made of it does so under the same terms. */
const sharesAlike = (key: string): boolean => /-SA(-|$)|^A?GPL-|^LGPL-|^ODBL-|^MPL-|^EUPL-/.test(key)
const forbidsPay = (key: string): boolean => /-NC(-|$)/.test(key)
const changeless = (key: string): boolean => /-ND(-|$)/.test(key)
/** Whether nothing made from what stands under a licence may be shared. */
export const forbidsChange = (licence: string): boolean => partsOf(licence).some(part => changeless(keyOf(part)))
const isFree = (key: string): boolean =>
  /^(CC0-|CC-BY-[1-4]|CC-PDDC|PDDL-|ODC-BY-|MIT(-0)?$|APACHE-|BSD-|0BSD|ISC|UNLICENSE|ZLIB|CDLA-PERMISSIVE-)/.test(key)

/** Of licences joined, and what stands in place of those that are too many to be named. */
const longestJoined = 1000
const furtherOnes = 'LicenseRef-further-ones-see-its-rules'

/** What stands under one of several licences each, under all of them: joined by AND, each once. */
export function licenceOfAll(all: readonly string[]): string {
  const licences = [...new Set(all)]
  if (licences.length === 1) return licences[0] ?? ''
  let text = ''
  for (const one of licences) {
    const next = `${text}${text === '' ? '' : ' AND '}${one.includes(' ') ? `(${one})` : one}`
    if (next.length > longestJoined) return `${text} AND ${furtherOnes}`
    text = next
  }
  return text
}

/**
 * What is plainly at odds between a model's licence and those of what it is made from, in sentences; empty where
 * nothing is. It reads well-known names and no contracts: a licence that it does not know is to be read by a person.
 */
export function licenceWarnings(licence: string, sources: readonly Source[]): readonly string[] {
  const own = keyOf(licence)
  // Who may choose another of them need not keep to the same.
  const kept = /\sOR\s/.test(own) ? [] : partsOf(own)
  return sources.flatMap(({ name, licence: theirs }): string[] => {
    if (theirs === null || theirs.trim() === '')
      return [`No licence is known of ${name}: ask whoever made it whether its use is allowed.`]
    return partsOf(theirs).flatMap(part => {
      const key = keyOf(part)
      const isSame = own === keyOf(theirs) || kept.includes(key)
      const stands = `${name} stands under ${part}`
      const told: string[] = []
      if (changeless(key)) told.push(`${stands}, which allows nothing made from it to be shared.`)
      if (forbidsPay(key)) told.push(`${stands}, which forbids use for pay, and every answer here is paid for.`)
      if (sharesAlike(key) && !isSame)
        told.push(`${stands}, which asks that what is made from it be shared under the same.`)
      const isKnown = changeless(key) || forbidsPay(key) || sharesAlike(key) || isFree(key)
      if (!isKnown && !isSame) told.push(`${stands}, which is not known here: read what it asks.`)
      return told
    })
  })
}
